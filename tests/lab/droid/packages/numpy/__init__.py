"""A stand-in for NumPy: as much of it as the driver of droid-slam uses."""
import struct

float32 = "<f4"


class Rows(list):
    pass


def array(rows, dtype=None):
    return rows


def ascontiguousarray(image):
    return image


def asarray(rows, dtype=None):
    return Rows(rows)


def save(path, rows):
    width = len(rows[0]) if rows else 0
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), width)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack("<%df" % width, *row))
