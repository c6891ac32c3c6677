# SPDX-License-Identifier: GPL-2.0-or-later
#
# The devices that are built into the emulator: what the tests and the machine profiles use, not all that
# QEMU has. build.sh adds every symbol that a patch of the series defines ("config NAME" in a Kconfig
# file), so that a new device needs no line here.

# Machines: q35 for the tests, pc as the machine without an IOMMU.
CONFIG_Q35=y
CONFIG_I440FX=y

# IOMMUs.
CONFIG_AMD_IOMMU=y
CONFIG_VTD=y

# DMA engines that guests drive themselves.
CONFIG_IDE_PIIX=y
CONFIG_AHCI_ICH9=y
CONFIG_RTL8139_PCI=y
CONFIG_EDU=y
CONFIG_TEST_DEVICES=y

# DMA engines for the wider test matrix and for operating systems as guests.
CONFIG_E1000_PCI=y
CONFIG_E1000E_PCI_EXPRESS=y
CONFIG_IGB_PCI_EXPRESS=y
CONFIG_NVME_PCI=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SCSI=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_USB_XHCI_PCI=y
CONFIG_MEGASAS_SCSI_PCI=y
CONFIG_MPTSAS_SCSI_PCI=y
CONFIG_LSI_SCSI_PCI=y

# PCI topology: root ports, switches, bridges to conventional PCI, extra root buses. The last three are
# here because the bridge and the extra root bus do not link without them.
CONFIG_PCIE_PORT=y
CONFIG_PCIE_PCI_BRIDGE=y
CONFIG_IOH3420=y
CONFIG_XIO3130=y
CONFIG_I82801B11=y
CONFIG_PXB=y
CONFIG_PCI_TESTDEV=y
CONFIG_PCI_BRIDGE=y
CONFIG_CXL=y
CONFIG_CXL_MEM_DEVICE=y

# The platform around them.
CONFIG_HPET=y
CONFIG_SERIAL_ISA=y
CONFIG_SERIAL_PCI=y
CONFIG_VGA_PCI=y
CONFIG_ISA_DEBUG=y
CONFIG_ISA_TESTDEV=y
CONFIG_PVPANIC_ISA=y
CONFIG_PVPANIC_PCI=y
