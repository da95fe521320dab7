"""Compiling the expressions of conditions, each once.

The language, ``authz.dsl.cel``, is loaded with its library when the first condition is met: most models have none.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from authz.dsl.expressions import Program
from authz.dsl.model import ConditionParameter


@lru_cache(maxsize=256)
def compile_expression(parameters: tuple[ConditionParameter, ...], expression: str) -> Program:
    """Compile CEL text; the last few programs are remembered. Raises InvalidExpression."""
    program: Program = import_module("authz.dsl.cel").compile_program(parameters, expression)
    return program
