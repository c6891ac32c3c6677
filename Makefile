# SPDX-License-Identifier: GPL-2.0-or-later
#
# A thin front: the work is done by run-tests.sh, emulator-patches/build.sh and qtest.sh, meson, harness/check.sh and
# harness/check-os.sh.

.PHONY: all emulator iso check check-os check-qemu coverage lint clean help

all:
	@./run-tests.sh --setup-only --no-install

emulator:
	@emulator-patches/build.sh

iso: all
	@find build/images -maxdepth 1 -name '*.iso' | sed 's/^/image: /'

check:
	@harness/check.sh

coverage: all
	@harness/coverage.py build/guest/rules.list

check-os:
	@harness/check-os.sh

check-qemu:
	@emulator-patches/qtest.sh

lint:
	@harness/check.sh --lint

clean:
	rm -rf build

help:
	@echo 'make           build emulator, guest, harness and boot image (installs nothing)'
	@echo 'make emulator  build the bundled emulator alone'
	@echo 'make iso       build everything and print the path of the boot image'
	@echo 'make check     everything that must hold; installs what is missing, as ./run-tests.sh does'
	@echo 'make coverage  write docs/coverage.md anew: which rules are tested, and where they were seen to fail'
	@echo 'make check-os  a second opinion: what Linux makes of the same events (fetches a kernel once)'
	@echo 'make check-qemu  QEMU'"'"'s own tests of what the series touches, with the series applied'
	@echo 'make lint      formatting of C files and shell scripts'
	@echo 'make clean     remove the build folder; results and the emulator cache stay'
