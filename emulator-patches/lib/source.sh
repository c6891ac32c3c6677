# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # the parts share their variables
#
# Where the QEMU source comes from. Sourced by build.sh.
#
# Debian's source package is fetched by apt itself, with its own index, cache and signature checks in a
# private folder; the mirror and its key are those of the machine's own configuration. QEMU_SRC replaces
# all of that with a folder or tarball.

# source_id    what tells one source from another: checksum of the .dsc, of a tarball, of a folder
# source_version  "10.0.13" as the source itself says; source_label  the version for people
source_id='' source_version='' source_label='' tree=''

# What does without a network, for those who look for a way out; whoever fetches other things leaves it empty.
offline_way=${offline_way-QEMU_SRC=<folder or tarball>}

# Is the wanted source known without any network or unpacking? Sets the variables above if so.
source_known() {
    local key value
    if [[ -n ${QEMU_SRC:-} ]]; then
        identify_own_source
        return 0
    fi
    [[ -r $cache/source ]] || return 1
    while IFS='=' read -r key value; do
        case $key in
        id) source_id=$value ;;
        version) source_version=$value ;;
        label) source_label=$value ;;
        esac
    done <"$cache/source"
    tree=$cache/tree-$source_id
    [[ -n $source_id && -n $source_label && $source_version == "$base_series".* ]]
}

# Afterwards the tree holds an unpacked source, $1 = true: of Debian's newest point release.
ensure_source() {
    local update=$1
    if [[ -n ${QEMU_SRC:-} ]]; then
        identify_own_source
        [[ -e $tree/unpacked ]] || unpack_own_source
        return
    fi
    if ! $update && source_known && [[ -e $tree/unpacked ]]; then
        return
    fi
    fetch_debian_source
}

accept_version() {
    local version=$1 what=$2
    [[ $version =~ ^"$base_series"\.[0-9]+$ ]] ||
        die 3 "$what is QEMU ${version:-of unknown version}, but the patch series is for $base_series.x: set QEMU_SRC to a folder or tarball of QEMU $base_series.x"
}

# ---- QEMU_SRC ---------------------------------------------------------------------------------------

identify_own_source() {
    local sum path
    path=$(realpath -e -- "$QEMU_SRC" 2>/dev/null) || die 3 "QEMU_SRC=$QEMU_SRC does not exist"
    [[ -r $path ]] || die 3 "QEMU_SRC=$QEMU_SRC cannot be read"
    if [[ -d $path ]]; then
        [[ -r $path/VERSION && -r $path/configure ]] ||
            die 3 "QEMU_SRC=$QEMU_SRC is not a QEMU source: it has no VERSION and configure file"
        source_version=$(<"$path/VERSION")
        accept_version "$source_version" "QEMU_SRC=$QEMU_SRC"
        sum=$(cd "$path" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort | sha256sum)
    else
        sum=$(sha256sum <"$path")
        # The version is inside and is looked at when the tarball is unpacked.
        source_version=$base_series
    fi
    source_id=${sum:0:16}
    source_label="$source_version (own source)"
    tree=$cache/tree-$source_id
    if [[ -e $tree/unpacked ]]; then
        source_version=$(<"$tree/src/VERSION")
        source_label="$source_version (own source)"
    fi
}

unpack_own_source() {
    local path part=$tree.part top
    path=$(realpath -e -- "$QEMU_SRC")
    rm -rf "$part"
    mkdir -p "$part/src"
    if [[ -d $path ]]; then
        # The copy, and then the build.
        ensure_space "$(($(du -sm -- "$path" | cut -f1) + 400))"
        run "copying $QEMU_SRC" 600 cp -a -- "$path/." "$part/src" ||
            source_trouble "copying QEMU_SRC=$QEMU_SRC failed"
        rm -rf "$part/src/.git"
    else
        ensure_space 1500
        run "unpacking $QEMU_SRC" 600 tar -xf "$path" -C "$part/src" ||
            source_trouble "unpacking QEMU_SRC=$QEMU_SRC failed: is it a tarball?"
        # A release tarball has everything in one folder.
        top=("$part"/src/*)
        if [[ ${#top[@]} -eq 1 && -d ${top[0]} ]]; then
            mv "${top[0]}" "$part/top"
            rmdir "$part/src"
            mv "$part/top" "$part/src"
        fi
        [[ -r $part/src/VERSION && -r $part/src/configure ]] ||
            die 3 "QEMU_SRC=$QEMU_SRC is not a QEMU source: it has no VERSION and configure file"
    fi
    accept_version "$(<"$part/src/VERSION")" "QEMU_SRC=$QEMU_SRC"
    finish_tree "$part"
    source_version=$(<"$tree/src/VERSION")
    source_label="$source_version (own source)"
}

finish_tree() {
    local part=$1
    # Firmware sources, two thirds of the whole, from which nothing is built here.
    rm -rf "$part/src/roms"
    mkdir "$part/src/roms"
    : >"$part/unpacked"
    rm -rf "$tree"
    mv -T "$part" "$tree"
}

# source_trouble SENTENCE: with the end of the log above it, or the disk as the cause.
source_trouble() {
    if disk_is_full; then
        die 3 "the disk is full in $cache; make room and run it again"
    fi
    show_log_tail 8
    die 3 "$1; the log is $log"
}

# ---- Debian's package -------------------------------------------------------------------------------

fetch_debian_source() {
    local suite version='' found='' upstream dir=$cache/download.part dsc sum part
    need_tool apt-get apt
    need_tool dpkg-source dpkg-dev
    need_tool xz xz-utils
    # Seen at the worst moment: 820 MiB, of which 280 stay.
    ensure_space 1000

    for suite in $base_suites; do
        apt_open "$suite"
        # shellcheck disable=SC2016  # apt's own variables
        version=$(apt_get indextargets --format '$(FILENAME)' 'Created-By: Sources' | newest_source)
        upstream=${version#*:}
        upstream=${upstream%%[+-]*}
        [[ $upstream =~ ^"$base_series"\.[0-9]+$ ]] && break
        found+="${found:+, }${version:-nothing} in $suite"
        version=''
    done
    [[ -n $version ]] ||
        die 3 "Debian has $base_package $found, but the patch series is for $base_series.x: set QEMU_SRC to a folder or tarball of QEMU $base_series.x"

    if source_known && [[ $source_label == "${version#*:}" && -e $tree/unpacked ]]; then
        say "QEMU $version is Debian's newest, and it is here already"
        apt_close
        return
    fi

    # Beside the index, because apt_open may be called again for meson and must not lose it.
    rm -rf "$dir"
    mkdir -p "$dir"
    run "fetching the source of QEMU $version" 900 \
        env -C "$dir" apt-get -c "$apt_dir/apt.conf" --only-source --download-only source "$base_package=$version" ||
        source_trouble "Debian's source package $base_package $version could not be fetched (no network, or the mirror is out of step)"
    dsc=("$dir"/*.dsc)
    [[ -r ${dsc[0]} ]] || source_trouble "apt fetched no .dsc file of $base_package $version"
    sum=$(sha256sum <"${dsc[0]}")
    source_id=${sum:0:16}
    tree=$cache/tree-$source_id
    if [[ ! -e $tree/unpacked ]]; then
        part=$tree.part
        rm -rf "$part"
        mkdir -p "$part"
        # Debian's own patches are part of the base: its tarball does not configure without them.
        run "unpacking QEMU $version" 300 dpkg-source --no-copy --no-check -x "${dsc[0]}" "$part/src" ||
            source_trouble "unpacking Debian's source package $base_package $version failed"
        accept_version "$(<"$part/src/VERSION")" "Debian's package $base_package $version"
        finish_tree "$part"
    fi
    source_version=$(<"$tree/src/VERSION")
    source_label=${version#*:}
    # Now, while the index is at hand, also the tool that is too old in older releases.
    ensure_meson
    apt_close
    rm -rf "$dir"
    printf 'id=%s\nversion=%s\nlabel=%s\n' "$source_id" "$source_version" "$source_label" >"$cache/source.part"
    mv -f "$cache/source.part" "$cache/source"
    if [[ $source_label != "$base_seen" ]]; then
        say "note: the series was last tested with $base_seen, this is $source_label"
    fi
}

# The highest version of the package in the Sources files whose names come on standard input.
newest_source() {
    local file best='' version
    while read -r file; do
        while read -r version; do
            if [[ -z $best ]] || dpkg --compare-versions "$version" gt "$best"; then
                best=$version
            fi
        done < <(/usr/lib/apt/apt-helper cat-file "$file" 2>/dev/null | awk -v name="$base_package" '
            /^Package: / { hit = ($2 == name) }
            hit && /^Version: / { print $2 }')
    done
    printf '%s\n' "$best"
}

# ---- apt with a private configuration ---------------------------------------------------------------

apt_dir='' apt_suite=''

apt_get() {
    apt-get -c "$apt_dir/apt.conf" "$@"
}

# Brings up an index of one suite in a folder of its own. The machine's other settings (proxy, ...) stay
# in force because apt reads them first; hooks and pins that are meant for the machine's own packages
# do not apply to this.
apt_open() {
    local suite=$1
    [[ $apt_suite == "$suite" ]] && return
    apt_dir=$cache/apt.part
    rm -rf "$apt_dir"
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial" "$apt_dir/none"
    apt_find_mirror
    apt_write_sources "$suite" >"$apt_dir/debian.sources"
    cat >"$apt_dir/apt.conf" <<EOF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
#clear Acquire::Languages;
Dir::Etc::sourcelist "$apt_dir/debian.sources";
Dir::Etc::sourceparts "$apt_dir/none";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt_dir/none";
Dir::State::lists "$apt_dir/lists";
Dir::Cache "$apt_dir";
Dir::Cache::archives "$apt_dir/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb-src::Contents-dsc::DefaultEnabled "false";
Acquire::AllowInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Get::List-Cleanup "false";
EOF
    if ((EUID == 0)); then
        # apt's unprivileged user cannot enter a folder below root's home.
        printf 'APT::Sandbox::User "root";\n' >>"$apt_dir/apt.conf"
    fi
    if ! run "fetching Debian's index of $suite" 300 \
        apt-get -c "$apt_dir/apt.conf" -o APT::Update::Error-Mode=any update; then
        if grep -q 'GPG error\|is not signed' "$log"; then
            source_trouble "Debian's index of $suite on the configured mirror is not signed by a key that this machine trusts: bring the package debian-archive-keyring up to date"
        fi
        source_trouble "Debian's index of $suite could not be fetched from the mirror that this machine is configured for: is there a network?${offline_way:+ ($offline_way works without one)}"
    fi
    apt_suite=$suite
}

apt_close() {
    [[ -z $apt_dir ]] || rm -rf "$apt_dir"
    apt_dir='' apt_suite=''
}

# The machine's Debian archive as apt itself reads it from the configured sources: URI and, if the entry
# names one, the key. Third-party archives may have the same suite names, so the best score wins.
apt_mirror='' apt_signed_by=''
apt_find_mirror() {
    local uri release component entry score best=0 codename=''
    apt_signed_by=''
    if [[ -n ${AMDVI_CHECK_MIRROR:-} ]]; then
        apt_mirror=$AMDVI_CHECK_MIRROR
        apt_signed_by=/usr/share/keyrings/debian-archive-keyring.gpg
        [[ -r $apt_signed_by ]] || apt_signed_by=''
        return
    fi
    apt_mirror=''
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d '"') || true
    # shellcheck disable=SC2016  # apt's own variables
    while IFS='|' read -r uri release component entry; do
        [[ $component == main && $uri != cdrom:* ]] || continue
        score=1
        case $release in
        "$codename" | stable | oldstable | testing | unstable | sid) score=$((score + 4)) ;;
        "$codename"-updates | stable-updates) score=$((score + 1)) ;;
        *-security | *-security/* | */updates) continue ;;
        esac
        [[ ${uri%/} == */debian ]] && score=$((score + 2))
        [[ $uri == mirror* ]] && score=$((score + 2))
        apt_entry_key "$entry"
        [[ $REPLY == *debian-archive* ]] && score=$((score + 2))
        if ((score > best)); then
            best=$score apt_mirror=$uri apt_signed_by=$REPLY
        fi
    done < <(apt-get indextargets --no-release-info \
        --format '$(SITE)|$(RELEASE)|$(COMPONENT)|$(SOURCESENTRY)' 'Created-By: Packages' 2>>"$log" || true)
    ((best >= 5)) ||
        die 3 "no Debian archive is among this machine's apt sources: set AMDVI_CHECK_MIRROR to the base URI of a Debian mirror${offline_way:+, or $offline_way of QEMU $base_series.x}"
}

# The Signed-By of one entry, into REPLY; empty: apt's own keys hold, as they do for the machine. The entry
# comes as FILE:NUMBER, where apt counts lines in a .list file and stanzas in a .sources file. A key that is
# written out in the entry comes back as several lines.
apt_entry_key() {
    local file=${1%:*} number=${1##*:}
    REPLY=''
    [[ -r $file && $number =~ ^[0-9]+$ ]] || return 0
    if [[ $file == *.sources ]]; then
        REPLY=$(awk -v number="$number" '
            /^#/ { next }
            /^[[:space:]]*$/ { inside = 0; next }
            !inside { inside = 1; n++ }
            n != number { next }
            /^[^[:space:]]/ { hit = tolower($0) ~ /^signed-by:/; sub(/^[^:]*:[[:space:]]*/, "") }
            hit { print }' "$file")
    else
        REPLY=$(sed -n "${number}s/^[^[]*\[[^]]*signed-by=\([^] ]*\).*/\1/p" "$file")
        REPLY=${REPLY//,/ }
    fi
}

apt_write_sources() {
    local suite=$1
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\n' \
        "$apt_mirror" "$suite" "$(dpkg --print-architecture)"
    if [[ -n $apt_signed_by ]]; then
        printf 'Signed-By: %s\n' "$apt_signed_by"
    elif [[ ! -e /etc/apt/trusted.gpg && -z $(ls -A /etc/apt/trusted.gpg.d 2>/dev/null) &&
        -r /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
        printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
    fi
}

# ---- meson ------------------------------------------------------------------------------------------

meson_dir=''

# The system's meson where it is new enough, else Debian's newer package unpacked into the cache.
ensure_meson() {
    local have deb dir
    have=$(meson --version 2>/dev/null) || have=0
    if dpkg --compare-versions "$have" ge "$base_meson"; then
        meson_dir=''
        return
    fi
    for dir in "$cache"/meson-*; do
        if [[ -x $dir/usr/bin/meson ]]; then
            meson_dir=$dir
            return
        fi
    done
    need_tool apt-get apt
    apt_open "${apt_suite:-${base_suites%% *}}"
    rm -rf "$cache/meson.part"
    mkdir "$cache/meson.part"
    run "fetching meson" 300 env -C "$cache/meson.part" apt-get -c "$apt_dir/apt.conf" download meson ||
        source_trouble "Debian's package meson could not be fetched (QEMU needs meson $base_meson, this machine has $have)"
    deb=("$cache/meson.part"/*.deb)
    have=$(dpkg-deb -f "${deb[0]}" Version)
    dpkg --compare-versions "$have" ge "$base_meson" ||
        die 3 "QEMU needs meson $base_meson or newer, but Debian's suite $apt_suite has $have: install a newer meson"
    run "unpacking meson $have" 60 dpkg-deb -x "${deb[0]}" "$cache/meson.part" ||
        source_trouble "unpacking meson $have failed"
    rm -f "${deb[@]}"
    meson_dir=$cache/meson-${have%%-*}
    mv -T "$cache/meson.part" "$meson_dir"
}
