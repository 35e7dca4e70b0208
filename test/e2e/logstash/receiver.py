#!/usr/bin/python3
"""A Lumberjack receiver that behaves as told, for tests of the Logstash output.

Usage: receiver.py PORT OUT [--tls CERT KEY [--client-ca CA]] [BEHAVIOUR...]
Writes each event that it acknowledges as a line of OUT, and each one that it has read as a line of
OUT.seen. PORT 0: any; the port is printed. Behaviours, one a connection, the last for all others:
ack (at once), slow:MS (acknowledge 0 first, all after MS), half (acknowledge half, then close),
reset (close before any answer), stall (never answer), high (acknowledge too much), refuse (close at
once), http (answer with other bytes), partial (acknowledge event by event).
"""
import argparse
import os
import socket
import ssl
import struct
import threading
import time
import zlib


def read_exactly(conn, n):
    parts = []
    while n:
        got = conn.recv(min(n, 1 << 20))
        if not got:
            raise EOFError
        parts.append(got)
        n -= len(got)
    return b"".join(parts)


def frames_of(data):
    """Sequence numbers and texts of the J frames in data."""
    at, out = 0, []
    while at < len(data):
        assert data[at:at + 2] == b"2J", data[at:at + 2]
        sequence, length = struct.unpack(">II", data[at + 2:at + 10])
        out.append((sequence, data[at + 10:at + 10 + length]))
        at += 10 + length
    assert at == len(data)
    return out


def read_window(conn):
    """The events of the next window."""
    head = read_exactly(conn, 6)
    assert head[:2] == b"2W", head
    count, = struct.unpack(">I", head[2:])
    frames = []
    while len(frames) < count:
        head = read_exactly(conn, 6)
        number, = struct.unpack(">I", head[2:])
        if head[:2] == b"2C":
            frames += frames_of(zlib.decompress(read_exactly(conn, number)))
        elif head[:2] == b"2J":
            length, = struct.unpack(">I", read_exactly(conn, 4))
            frames.append((number, read_exactly(conn, length)))
        else:
            raise AssertionError(head)
    assert [n for n, _ in frames] == list(range(1, count + 1)), "numbers of the window"
    return [text for _, text in frames]


def ack(conn, n):
    conn.sendall(b"2A" + struct.pack(">I", n))


def whole_lines(path):
    """A kill -9 may have cut the last write short: that was not acknowledged."""
    if os.path.exists(path):
        with open(path, "rb+") as f:
            f.truncate(f.read().rfind(b"\n") + 1)
    return path


class Receiver:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.out = open(whole_lines(args.out), "ab", buffering=0)
        self.seen = open(whole_lines(args.out + ".seen"), "ab", buffering=0)
        self.n = 0

    def keep(self, out, events):
        if events:
            with self.lock:
                out.write(b"".join(e + b"\n" for e in events))

    def answer(self, conn, how, events):
        """False: the connection ends."""
        n = len(events)
        name, _, number = how.partition(":")
        if name in ("ack", "slow", "partial"):
            if name == "slow":
                ack(conn, 0)
                time.sleep(int(number) / 1000)
            self.keep(self.out, events)
            for i in range(1, n) if name == "partial" else ():
                ack(conn, i)
            if n or name == "ack":
                ack(conn, n)
            return True
        if name == "half":
            self.keep(self.out, events[:n // 2])
            ack(conn, n // 2)
        elif name == "high":
            ack(conn, n + 1)
        elif name == "http":
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif name == "stall":
            time.sleep(3600)
        return False

    def serve(self, conn, how):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            if how == "refuse":
                return
            while True:
                events = read_window(conn)
                self.keep(self.seen, events)
                if not self.answer(conn, how, events):
                    return
        except (EOFError, OSError):
            pass
        finally:
            if how == "reset":
                conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            conn.close()

    def run(self):
        args = self.args
        self.context = None
        if args.tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*args.tls)
            if args.client_ca:
                self.context.load_verify_locations(args.client_ca)
                self.context.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", args.port))
        print(listener.getsockname()[1], flush=True)
        for i in range(1 << 30):
            conn, _ = listener.accept()
            how = args.behaviour[min(i, len(args.behaviour) - 1)] if args.behaviour else "ack"
            threading.Thread(target=self.serve, args=(conn, how), daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("out")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--client-ca")
    parser.add_argument("behaviour", nargs="*")
    Receiver(parser.parse_args()).run()
