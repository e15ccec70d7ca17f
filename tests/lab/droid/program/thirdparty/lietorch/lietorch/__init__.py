import lietorch_backends

assert lietorch_backends.check()
