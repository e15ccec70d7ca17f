#!/usr/bin/python3
"""clients.py KIND URL TOKEN FOLDER: hands the photos of FOLDER in as a known client of the NodeODM API would, by what is documented of it.

KIND is pyodm, webodm, cloudodm or page. It ends with 0 and prints the archive's files when everything was as that client needs it.
Only the standard library: http.client keeps one connection a request, as requests does without a session.
"""
import concurrent.futures
import http.client
import io
import json
import os
import sys
import time
import urllib.parse
import uuid
import zipfile

kind, url, token, folder = sys.argv[1:5]
place = urllib.parse.urlparse(url)
photos = sorted(os.path.join(folder, name) for name in os.listdir(folder))
CHUNK = 1 << 20   # PyODM's are 10 MB


class Refused(Exception):
    pass


def ask(method, path, body=None, headers=None, into=None, **query):
    """One request of its own; PyODM discards the path of a node's address and knows 200, 206 and 403."""
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    query = urllib.parse.urlencode(dict(query, token=token))
    connection.request(method, "/" + path + "?" + query, body=body, headers=headers or {})
    answer = connection.getresponse()
    assert answer.status in (200, 206), (path, answer.status)
    if into is not None:
        return answer, connection
    assert "application/json" in answer.getheader("Content-Type"), (path, answer.getheader("Content-Type"))
    said = json.loads(answer.read())
    connection.close()
    if isinstance(said, dict) and "error" in said:
        raise Refused(said["error"])
    return said


def form(fields, files=()):
    """A multipart body; files are pairs of a name and bytes."""
    boundary = uuid.uuid4().hex
    parts = [("Content-Disposition: form-data; name=\"%s\"\r\n\r\n" % name).encode() + str(value).encode() for name, value in fields]
    parts[:0] = [("Content-Disposition: form-data; name=\"images\"; filename=\"%s\"\r\nContent-Type: image/jpeg\r\n\r\n" % name).encode() + content for name, content in files]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary.encode() + b"--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=" + boundary}


def read(path):
    with open(path, "rb") as file:
        return os.path.basename(path), file.read()


def begin(**headers):
    body, more = form([("name", ""), ("options", "[]"), ("skipPostProcessing", "true")])
    return ask("POST", "task/new/init", body, dict(more, **headers))["uuid"]


def upload(task, path):
    body, headers = form([], [read(path)])
    assert ask("POST", "task/new/upload/" + task, body, headers) == {"success": True}


def check(info):
    for key in ("uuid", "name", "dateCreated", "processingTime", "status", "options", "imagesCount", "progress"):
        info[key]
    assert info["status"]["code"] in (10, 20, 30, 40, 50) and isinstance(info["processingTime"], int) and isinstance(info["dateCreated"], int)
    return info


def follow(task, every=0.1):
    lines = []
    while True:
        info = check(ask("GET", "task/%s/info" % task, with_output=len(lines)))
        lines += info["output"]
        if info["status"]["code"] not in (10, 20):
            assert info["status"]["code"] == 40, (info, lines)
            assert ask("GET", "task/%s/output" % task)[:len(lines)] == lines, "lines have changed"
            return
        time.sleep(every)


def ranges(task):
    """The first answer is opened and never read; the rest comes in chunks over many connections."""
    path = "task/%s/download/all.zip" % task
    first, connection = ask("GET", path, into=True)
    length = int(first.getheader("Content-Length"))
    assert first.getheader("Accept-Ranges") == "bytes"

    def chunk(at):
        last = min(length, at + CHUNK) - 1
        answer, own = ask("GET", path, headers={"Range": "bytes=%d-%d" % (at, last)}, into=True)
        content = answer.read()
        own.close()
        assert answer.status == 206 and len(content) == last - at + 1
        return content

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        archive = b"".join(pool.map(chunk, range(0, length, CHUNK)))
    connection.close()
    return archive


def whole(task):
    answer, connection = ask("GET", "task/%s/download/all.zip" % task, into=True)
    archive = answer.read()
    connection.close()
    assert len(archive) == int(answer.getheader("Content-Length"))
    return archive


def pyodm():
    version = tuple(int(part) for part in ask("GET", "info")["version"].split("."))
    assert len(version) == 3 and version >= (1, 5, 1)
    for option in ask("GET", "options"):
        assert sorted(option) == ["domain", "help", "name", "type", "value"] and isinstance(option["value"], str)
    task = begin()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda path: upload(task, path), photos))
    assert ask("POST", "task/new/commit/" + task)["uuid"] == task
    follow(task)
    archive = ranges(task)
    assert ask("POST", "task/remove", json.dumps({"uuid": task}), {"Content-Type": "application/json"}) == {"success": True}
    try:
        ask("GET", "task/%s/info" % task)
        raise AssertionError("it is still there")
    except Refused:
        return archive


def webodm():
    """Info and the node's own info at each tick; a restart asks first, and uploads again when the answer is an error."""
    task = begin(**{"set-uuid": str(uuid.uuid4())})
    for path in photos:
        upload(task, path)
    ask("POST", "task/new/commit/" + task)
    while True:
        node = ask("GET", "info")
        assert isinstance(node["taskQueueCount"], int) and 0 <= node["taskQueueCount"] <= 2147483647 and len(node["version"]) <= 32
        if check(ask("GET", "task/%s/info" % task, with_output=0))["status"]["code"] == 40:
            break
        time.sleep(0.1)
    assert ask("POST", "task/restart", urllib.parse.urlencode({"uuid": task, "options": "[]"}), {"Content-Type": "application/x-www-form-urlencoded"}) == {"success": True}
    follow(task)
    unknown = str(uuid.uuid4())
    for path, body in (("task/%s/info" % unknown, None), ("task/restart", "uuid=" + unknown)):
        try:
            ask("POST" if body else "GET", path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
            raise AssertionError("an unknown task has no error")
        except Refused:
            pass
    return ranges(task)


def cloudodm():
    """One chunked request without a length, its fields behind its files; then info and output?line=N."""
    body, headers = form([("name", "x"), ("skipPostProcessing", "true"), ("options", "[]")], [read(path) for path in photos])
    pieces = iter([body[at:at + 50_000] for at in range(0, len(body), 50_000)])
    task = ask("POST", "task/new", pieces, headers)["uuid"]
    lines = []
    while check(ask("GET", "task/%s/info" % task))["status"]["code"] != 40:
        lines += ask("GET", "task/%s/output" % task, line=len(lines))
        time.sleep(0.1)
    return whole(task)


def page():
    """The page of a node: eight uploads at once, the list, the last lines, actions as forms."""
    task = begin()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: upload(task, path), photos))
    ask("POST", "task/new/commit/" + task)
    assert {"uuid": task} in ask("GET", "task/list")
    follow(task)
    assert 0 < len(ask("GET", "task/%s/output" % task, line=-9)) <= 9
    archive = whole(task)
    for action in ("cancel", "remove"):
        assert ask("POST", "task/" + action, "uuid=" + task, {"Content-Type": "application/x-www-form-urlencoded"}) == {"success": True}
    assert {"uuid": task} not in ask("GET", "task/list")
    return archive


archive = zipfile.ZipFile(io.BytesIO({"pyodm": pyodm, "webodm": webodm, "cloudodm": cloudodm, "page": page}[kind]()))
assert archive.testzip() is None
print("\n".join(sorted(archive.namelist())))
