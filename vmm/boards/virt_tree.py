"""The `virt` board's addresses and the device tree that tells guests of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm.machine.devicetree import Node, Property, cells64, flatten

if TYPE_CHECKING:
    from vmm.boards.options import Options
    from vmm.cpu.arm.processor import ArmProcessor


class Address:
    """Where things are (QEMU, hw/arm/virt.c: base_memmap)."""

    FLASH = 0x00000000
    GIC_DISTRIBUTOR = 0x08000000
    GIC_INTERFACE = 0x08010000
    GIC_V2M = 0x08020000
    UART = 0x09000000
    RTC = 0x09010000
    FW_CFG = 0x09020000
    GPIO = 0x09030000
    VIRTIO = 0x0A000000
    SECURE_RAM = 0x0E000000
    PCI_MEMORY = 0x10000000
    PCI_PORTS = 0x3EFF0000
    PCI_ECAM = 0x3F000000
    RAM = 0x40000000


SPI, PPI = 0, 1
EDGE, LEVEL_HIGH = 1, 4
CPU_MASK = 8  # bit of an interrupt cell of a PPI: processor 0; the others follow
UART_CLOCK = 24_000_000
# Linux begins its random numbers with it.  Always the same: a run can be repeated.
RNG_SEED = bytes(range(0x40, 0x60))
PCI_BUSES, PCI_PORTS_SIZE, PCI_FIRST_SPI = 16, 0x10000, 3
POWER_LINE, KEY_POWER = 3, 116  # of the PL061; linux/input-event-codes.h
TREE_SPACE = 0x10000  # bytes: room for firmware to add to it


def has_pci(options: Options) -> bool:
    """Whether there is a PCI host: where it is below 4 GiB, with ``highmem=off``."""
    return options.properties.get("highmem") == "off"


def _pci_host(gic: Node, messages: Node) -> Node:
    """Bus 0 with its memory and port windows; INTA# to INTD# of a device turn with its number."""
    wires: list[int | Node] = [
        cell
        for device in range(4) for pin in range(4)
        for cell in (device << 11, 0, 0, pin + 1, gic, 0, 0, SPI,
                     PCI_FIRST_SPI + (device + pin) % 4, LEVEL_HIGH)
    ]
    message_map: list[int | Node] = [0, messages, 0, 0x10000]
    ports, memory = 1 << 24, 2 << 24  # address spaces, in the first cell of a PCI address
    return Node(f"pcie@{Address.PCI_MEMORY:x}", {
        "compatible": "pci-host-ecam-generic", "device_type": "pci",
        "#address-cells": 3, "#size-cells": 2, "linux,pci-domain": 0,
        "bus-range": [0, PCI_BUSES - 1], "dma-coherent": True,
        "reg": cells64(Address.PCI_ECAM, PCI_BUSES << 20),
        "msi-map": message_map,
        "ranges": [
            ports, *cells64(0, Address.PCI_PORTS, PCI_PORTS_SIZE),
            memory, *cells64(Address.PCI_MEMORY, Address.PCI_MEMORY,
                             Address.PCI_PORTS - Address.PCI_MEMORY),
        ],
        "#interrupt-cells": 1, "interrupt-map": wires, "interrupt-map-mask": [3 << 11, 0, 0, 7],
    })


def _processors(model: str, count: int, secure: bool) -> Node:
    cpus = Node("cpus", {"#address-cells": 1, "#size-cells": 0})
    cluster = Node("cluster0")
    for number in range(count):
        cpu = Node(f"cpu@{number}", {
            "device_type": "cpu", "compatible": f"arm,{model}", "reg": number,
        })
        if count > 1 and not secure:
            cpu.properties["enable-method"] = "psci"
        cpus.children.append(cpu)
        cluster.children.append(Node(f"core{number}", {"cpu": cpu}))
    cpus.children.append(Node("cpu-map", {}, [Node("socket0", {}, [cluster])]))
    return cpus


def device_tree(
    processor: ArmProcessor, options: Options, ram: int, initrd: tuple[int, int] | None = None
) -> bytes:
    """The flattened tree of one machine; ``initrd`` is its address and that of its end."""
    virtualization, secure = processor.virtualization, processor.security
    root = Node("", {
        "compatible": "linux,dummy-virt", "model": "linux,dummy-virt",
        "#address-cells": 2, "#size-cells": 2,
    })
    gic = Node(f"intc@{Address.GIC_DISTRIBUTOR:x}", {
        "compatible": "arm,cortex-a15-gic",
        "#interrupt-cells": 3, "#address-cells": 2, "#size-cells": 2,
        "interrupt-controller": True, "ranges": True,
        "reg": cells64(Address.GIC_DISTRIBUTOR, 0x10000, Address.GIC_INTERFACE, 0x10000),
    })
    clock = Node("apb-pclk", {
        "compatible": "fixed-clock", "#clock-cells": 0, "clock-frequency": UART_CLOCK,
        "clock-output-names": "clk24mhz",
    })
    root.properties["interrupt-parent"] = gic
    chosen: dict[str, Property] = {"stdout-path": f"/pl011@{Address.UART:x}", "rng-seed": RNG_SEED}
    if options.append:
        chosen["bootargs"] = options.append
    if initrd is not None:
        chosen["linux,initrd-start"], chosen["linux,initrd-end"] = initrd
    root.children.append(Node("chosen", chosen))
    root.children.append(Node(f"memory@{Address.RAM:x}", {
        "device_type": "memory", "reg": cells64(Address.RAM, ram),
    }))
    root.children.append(_processors(processor.model, options.processors, secure))
    root.children.append(clock)
    if not secure:
        root.children.append(Node("psci", {
            "compatible": ["arm,psci-1.0", "arm,psci-0.2", "arm,psci"],
            "method": "smc" if virtualization else "hvc",
            "cpu_suspend": 0x84000001, "cpu_off": 0x84000002, "cpu_on": 0x84000003,
            "migrate": 0x84000005,
        }))
    mask = ((1 << options.processors) - 1) << CPU_MASK
    timers = (13, 14, 11, 10)  # secure, physical, virtual, hypervisor
    root.children.append(Node("timer", {
        "compatible": "arm,armv7-timer", "always-on": True,
        "interrupts": [cell for ppi in timers for cell in (PPI, ppi, mask | LEVEL_HIGH)],
    }))
    messages = Node(f"v2m@{Address.GIC_V2M:x}", {
        "compatible": "arm,gic-v2m-frame", "msi-controller": True,
        "reg": cells64(Address.GIC_V2M, 0x1000),
    })
    gic.children.append(messages)
    root.children.append(gic)
    root.children.append(Node(f"flash@{Address.FLASH:x}", {
        "compatible": "cfi-flash", "bank-width": 4,
        "reg": cells64(Address.FLASH, 0x04000000, Address.FLASH + 0x04000000, 0x04000000),
    }))

    def primecell(name: str, address: int, spi: int, compatible: str, clocks: int) -> Node:
        return Node(f"{name}@{address:x}", {
            "compatible": [compatible, "arm,primecell"], "reg": cells64(address, 0x1000),
            "interrupts": [SPI, spi, LEVEL_HIGH], "clocks": [clock] * clocks,
            "clock-names": ["uartclk", "apb_pclk"][-clocks:],
        })

    root.children.append(primecell("pl011", Address.UART, 1, "arm,pl011", 2))
    root.children.append(primecell("pl031", Address.RTC, 2, "arm,pl031", 1))
    gpio = primecell("pl061", Address.GPIO, 7, "arm,pl061", 1)
    gpio.properties |= {"#gpio-cells": 2, "gpio-controller": True}
    root.children.append(gpio)
    pin: list[int | Node] = [gpio, POWER_LINE, 0]
    key = Node("poweroff", {"label": "GPIO Key Poweroff", "linux,code": KEY_POWER, "gpios": pin})
    root.children.append(Node("gpio-keys", {"compatible": "gpio-keys"}, [key]))
    if has_pci(options):
        root.children.append(_pci_host(gic, messages))
    root.children.append(Node(f"fw-cfg@{Address.FW_CFG:x}", {
        "compatible": "qemu,fw-cfg-mmio", "dma-coherent": True,
        "reg": cells64(Address.FW_CFG, 0x18),
    }))
    for slot in range(32):  # in use or not
        address = Address.VIRTIO + slot * 0x200
        root.children.append(Node(f"virtio_mmio@{address:x}", {
            "compatible": "virtio,mmio", "dma-coherent": True, "reg": cells64(address, 0x200),
            "interrupts": [SPI, 16 + slot, EDGE],
        }))
    return flatten(root, space=TREE_SPACE)
