#!/usr/bin/env python3
"""packaging/zip.py FOLDER ARCHIVE: a zip of a folder, the same for the same files."""
import os, sys, time, zipfile

folder, archive = sys.argv[1:]
when = time.gmtime(int(os.environ['SOURCE_DATE_EPOCH']))[:6]
with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as out:
    for at, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(at, name)
            entry = zipfile.ZipInfo(os.path.relpath(path, os.path.dirname(folder)), when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            with open(path, 'rb') as file:
                out.writestr(entry, file.read())
