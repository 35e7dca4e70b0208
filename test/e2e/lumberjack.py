"""A small Lumberjack client (versions 1 and 2) for the stories of this folder."""
import json
import socket
import ssl
import struct
import zlib


def window(count, version=b"2"):
    return version + b"W" + struct.pack(">I", count)


def frame_json(sequence, text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"2J" + struct.pack(">II", sequence, len(data)) + data


def frame_data(sequence, pairs, version=b"1"):
    out = version + b"D" + struct.pack(">II", sequence, len(pairs))
    for key, value in pairs.items():
        for item in (key.encode(), value.encode()):
            out += struct.pack(">I", len(item)) + item
    return out


def compressed(frames, version=b"2", level=3):
    data = zlib.compress(frames, level)
    return version + b"C" + struct.pack(">I", len(data)) + data


def event(ident, **more):
    doc = {
        "@timestamp": "2024-02-14T21:18:29.782Z",
        "@metadata": {"beat": "packetbeat", "type": "_doc", "version": "8.12.0"},
        "agent": {"hostname": "story"},
        "message": "event %s" % ident,
        "n": ident,
    }
    doc.update(more)
    return json.dumps(doc)


def batch(idents, level=3, **more):
    """A window of events as Beats send it: W and one C frame (level 0: plain J frames)."""
    frames = b"".join(frame_json(i + 1, event(x, **more)) for i, x in enumerate(idents))
    return window(len(idents)) + (compressed(frames, level=level) if level else frames)


class Closed(Exception):
    """The server ended the connection."""


class Client:
    def __init__(self, port, host="127.0.0.1", tls=None, timeout=60):
        self.sock = socket.create_connection((host, port), timeout)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def ack(self):
        """(version, sequence) of the next ACK frame."""
        while len(self.buffer) < 6:
            try:
                more = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError) as e:
                raise Closed(str(e)) from e
            if not more:
                raise Closed("end")
            self.buffer += more
        frame, self.buffer = self.buffer[:6], self.buffer[6:]
        if frame[1:2] != b"A":
            raise ValueError("no ACK: %r" % frame)
        return frame[:1], struct.unpack(">I", frame[2:])[0]

    def await_ack(self, sequence):
        """Reads ACKs up to that number; gives all of them."""
        seen = []
        while not seen or seen[-1] != sequence:
            seen.append(self.ack()[1])
        return seen

    def closed_by_server(self):
        """True when the server closes without another ACK than 0."""
        try:
            while self.ack()[1] == 0:
                pass
            return False
        except Closed:
            return True

    def close(self):
        self.sock.close()
