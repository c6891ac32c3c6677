# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # the parts share their variables
#
# Configuring, compiling and installing one variant. Sourced by build.sh.

python=''

# Options of configure besides those of all binaries.
more_options=()

# Everything that QEMU's build needs, each named with its package before anything is started.
ensure_build_tools() {
    local pair library
    python=/usr/bin/python3
    [[ -x $python ]] || python=$(command -v python3) || die 3 \
        "the tool 'python3' is missing: install the Debian package python3 (apt-get install python3)"
    for pair in gcc:gcc ld:binutils ninja:ninja-build pkg-config:pkg-config git:git dpkg-deb:dpkg; do
        need_tool "${pair%:*}" "${pair#*:}"
    done
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        die 3 "python3's module venv is missing: install the Debian package python3-venv (apt-get install python3-venv)"
    for library in glib-2.0:libglib2.0-dev pixman-1:libpixman-1-dev zlib:zlib1g-dev; do
        pkg-config --exists "${library%:*}" ||
            die 3 "the library ${library%:*} is missing: install the Debian package ${library#*:} (apt-get install ${library#*:})"
    done
    echo '#include <libfdt.h>' | gcc -E -xc - >/dev/null 2>&1 ||
        die 3 "the library libfdt is missing: install the Debian package libfdt-dev (apt-get install libfdt-dev)"
    ensure_meson
    apt_close
    if [[ -n $meson_dir ]]; then
        export PYTHONPATH=$meson_dir/usr/lib/python3/dist-packages
        export PATH=$meson_dir/usr/bin:$PATH
    fi
    # A user's flags would make binaries that the digest does not tell apart.
    unset CFLAGS CXXFLAGS LDFLAGS CPPFLAGS NINJA_STATUS MAKEFLAGS
}

# MiB: a new build folder with its binaries, or the next variant in an old one.
space_for_build() {
    if [[ -e $tree/build/configured ]]; then
        echo 150
    else
        echo 400
    fi
}

configure_tree() {
    local stamp status=0 options=("${CONFIGURE_OPTIONS[@]}" "${more_options[@]}")
    # The folder's own name is in there because QEMU's build folder cannot be moved.
    stamp=$(printf '%s\n' "$RECIPE" "$tree" "$python" "$meson_dir" "${options[@]}")
    if [[ -e $tree/build/configured && $(<"$tree/build/configured") == "$stamp" ]]; then
        return
    fi
    rm -rf "$tree/build"
    mkdir "$tree/build"
    run "configuring" 600 env -C "$tree/build" ../src/configure "--python=$python" "${options[@]}" ||
        status=$?
    ((status == 0)) || build_trouble "configuring QEMU $source_label failed"
    printf '%s\n' "$stamp" >"$tree/build/configured"
}

# build_variant VARIANT: patch, compile, install. "unfinished" marks a build folder in which a run was cut
# short (killed, disk full): if the next build in it fails, that may be why, and it gets a fresh folder.
build_variant() {
    local variant=$1 cut_short=false status=0 start=$SECONDS
    variant_patches "$variant"
    prepare_scratch "$variant" "${REPLY_LIST[@]}"
    install_scratch
    [[ -e $tree/unfinished ]] && cut_short=true
    : >"$tree/unfinished"
    configure_tree
    say "building qemu-$variant from QEMU $source_label with ${#REPLY_LIST[@]} patches"
    compile "$variant" || status=$?
    if ((status != 0)) && $cut_short && ! disk_is_full; then
        say "the build folder of an interrupted run is of no use, starting afresh"
        rm -rf "$tree/build"
        configure_tree
        status=0
        compile "$variant" || status=$?
    fi
    if ((status == 124)); then
        die 3 "compiling qemu-$variant took more than an hour and was stopped; the log is $log"
    elif ((status != 0)); then
        disk_is_full || rm -f "$tree/unfinished"
        build_trouble "compiling qemu-$variant failed"
    fi
    install_binary "$variant"
    rm -f "$tree/unfinished"
    say "qemu-$variant took $((SECONDS - start)) s"
}

compile() {
    run "compiling qemu-$1" 3600 ninja -C "$tree/build" qemu-system-x86_64
}

# build_trouble SENTENCE: the compiler's words, then the sentence.
build_trouble() {
    if disk_is_full; then
        die 3 "the disk is full in $cache; make room and run it again, it goes on from here"
    fi
    end_progress
    if grep -q '^FAILED: ' "$log"; then
        # The command line of the compiler is long and says nothing.
        sed -n '/^FAILED: /,$p' "$log" | grep -av '^\[[0-9]*/[0-9]*\]\|^cc \|^gcc ' | head -n 30 >&2 || true
    else
        show_log_tail 15
    fi
    die 3 "$1; the log is $log"
}

install_binary() {
    local variant=$1 part=$cache/binary.part binary=$tree/build/qemu-system-x86_64
    local id=${digest[$variant]}
    rm -rf "$part"
    mkdir "$part"
    cp "$binary" "$part/qemu-system-x86_64" || build_trouble "installing qemu-$variant failed"
    "$part/qemu-system-x86_64" --version >>"$log" 2>&1 || build_trouble "qemu-$variant was built but does not start"
    printf 'variant=%s\nversion=%s\npackage_version=%s\ndigest=%s\n' \
        "$variant" "$source_version" "$source_label" "$id" >"$part/info"
    rm -rf "${cache:?}/$id"
    mv -T "$part" "$cache/$id"
}
