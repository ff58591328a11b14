#!/usr/bin/env python3
"""Writes the golden vectors as a corpus for each fuzzer: corpus.py VECTORS TARGET"""
import pathlib
import struct
import sys


def blocks(file):
    block = {}
    for line in file.read_text().splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line:
            if block:
                yield block
            block = {}
            continue
        key, value = line.split("=", 1)
        block[key] = block.get(key, "") + value if key == "hex" else value


def replies(vectors):
    for file in sorted(vectors.glob("*.txt")):
        for block in blocks(file):
            if block.get("packet") == "reply":
                yield file.stem + "-" + block["name"], bytes.fromhex(block["hex"])


def regions(vectors):
    for block in blocks(vectors / "table.txt"):
        if "region" in block:
            yield int(block["offset"]), bytes.fromhex(block["hex"])


def endpoint_and_name(number):
    addresses = [[10, 96, 0, 1], [10, 96, 66, 7], [127, 0, 0, 1], [127, 84, 0, 1], [10, 96, 0, 10], [192, 0, 2, 1]]
    names = [b"hello", b"hello.default.svc.cluster.local.", b"example.com", b"db.shop", b"127.0.0.1", b"printer.local"]
    return bytes([1, 0, 0, 53] + addresses[number % 6] + [0] * 12) + names[number % 6]


def corpus(vectors):
    packets = list(replies(vectors))
    for name, packet in packets:
        yield "replies", name, b"\x10\x00" + packet
        yield "replies", name + "-small", b"\x00\x18" + packet
        for question in range(5):
            yield "control", f"{name}-{question}", bytes([question, 200]) + packet
    table = list(regions(vectors))
    whole = bytes([len(table)]) + b"".join(struct.pack("<I", at)[:3] + struct.pack("<H", len(data)) + data for at, data in table)
    for number in range(6):
        yield "table", f"whole-{number}", whole + endpoint_and_name(number)
    for block in blocks(vectors / "query.txt"):
        if "message" in block:
            yield "dns", block["name"], bytes.fromhex(block["message"])
    for number, name in enumerate([b"hello.default.svc.cluster.local.", b"1.0.96.10.in-addr.arpa", b".".join([b"0"] * 32) + b".ip6.arpa", b".".join([b"a" * 63] * 4)]):
        yield "dns", f"name-{number}", bytes(12) + name


vectors, target = map(pathlib.Path, sys.argv[1:])
for fuzzer, name, data in corpus(vectors):
    (target / fuzzer).mkdir(parents=True, exist_ok=True)
    (target / fuzzer / name).write_bytes(data)
