"""Ports for servers that are killed and started again on the same one."""
import random
import socket


def first_outgoing():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        return int(f.read().split()[0])


def free_port():
    """One that nobody has and that the kernel gives to no outgoing connection. From the others a
    client that tries a dead server could get that very port, and would speak with itself."""
    end = first_outgoing()
    for _ in range(1000):
        port = random.randrange(10000, end) if end > 11000 else 0
        try:
            with socket.create_server(("127.0.0.1", port)) as s:
                return s.getsockname()[1]
        except OSError:
            pass
    raise RuntimeError("no port is free")
