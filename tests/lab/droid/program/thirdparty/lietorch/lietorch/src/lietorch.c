#include <Python.h>

int c10_is_loaded(void);

static PyObject *check(PyObject *self, PyObject *none) { return PyBool_FromLong(c10_is_loaded()); }
static PyMethodDef methods[] = {{"check", check, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "lietorch_backends", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_lietorch_backends(void) { return PyModule_Create(&module); }
