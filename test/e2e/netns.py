"""Network namespaces for stories: two of them, with a cable between them."""
import subprocess


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(name, *command, **more):
    return subprocess.Popen(["ip", "netns", "exec", name, *map(str, command)], **more)


class Cable:
    """Namespaces a (device va) and b (vb), with the addresses that each end has. `with` lays it and
    takes it away; CalledProcessError: it needs root and network namespaces."""

    def __init__(self, a, b, addresses_a, addresses_b):
        self.a, self.b = a, b
        self.ends = (a, "va", addresses_a), (b, "vb", addresses_b)

    def __enter__(self):
        try:
            self.lay()
        except subprocess.CalledProcessError:
            self.__exit__()
            raise
        return self

    def lay(self):
        ip("netns", "add", self.a)
        ip("netns", "add", self.b)
        ip("netns", "exec", self.a, "true")  # not so in a bare chroot
        ip("link", "add", "va", "netns", self.a, "type", "veth", "peer", "name", "vb", "netns", self.b)
        for name, device, addresses in self.ends:
            for address in addresses:
                ip("-n", name, "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", device, "up")

    def __exit__(self, *_):
        for name in (self.a, self.b):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
