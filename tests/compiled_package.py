"""The small package with a part that is written in C."""

from __future__ import annotations

SETUP = """\
from setuptools import Extension, setup

setup(ext_modules=[Extension("tidepool._depth", ["src/tidepool/_depth.c"]{how})]{options})
"""
SOURCE = """\
#include <Python.h>

static PyObject *depth(PyObject *self, PyObject *level) {
    return PyLong_FromLong(2 * PyLong_AsLong(level));
}
static PyMethodDef methods[] = {{"depth", depth, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_depth", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit__depth(void) { return PyModule_Create(&module); }
"""
MODULE = '"""A small package."""\n\nfrom tidepool._depth import depth\n\n__all__ = ["depth"]\n__version__ = "1.2.3"\n'


def write_compiled_package(how: str = "", options: str = "") -> dict[str, str]:
    """Return the files of the package; ``how``: arguments of the extension, ``options``: those of ``setup``."""
    sources = {"src/tidepool/__init__.py": MODULE, "src/tidepool/_depth.c": SOURCE}
    return {"setup.py": SETUP.format(how=how, options=options), **sources}
