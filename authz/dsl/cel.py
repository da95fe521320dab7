"""CEL, the language of conditions, by the C++ implementation of its makers. Nothing else imports that library.

An ``ipaddress`` is a type of OpenFGA's own, which the library can judge but not carry. So an expression is compiled
twice: once with the type as it is, for the mistakes, and once with bytes in its place, to be run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cel_expr_python.cel as cel

from authz.dsl.addresses import canonical_address, in_network
from authz.dsl.expressions import EvaluationError, ExpressionFault, InvalidExpression
from authz.dsl.model import ConditionParameter, ParameterType
from authz.dsl.syntax import read_tree
from authz.dsl.zones import DATE_FUNCTIONS, unknown_zones

_ADDRESS = cel.Type.AbstractType("IPAddress")
_TYPES = {
    "any": cel.Type.DYN,
    "bool": cel.Type.BOOL,
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "uint": cel.Type.UINT,
    "double": cel.Type.DOUBLE,
    "duration": cel.Type.DURATION,
    "timestamp": cel.Type.TIMESTAMP,
}
_FUNCTIONS = (
    *("_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"),
    *("_+_", "_-_", "_*_", "_/_", "_%_", "-_", "_[_]", "size", "contains", "startsWith", "endsWith", "matches"),
    *("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"),
    *sorted(DATE_FUNCTIONS),
)
"""What there is of CEL: all of today. What the library may learn is not let in before its effort is known."""
_STANDARD = cel.NewEnvConfigFromYaml(
    "stdlib: {include_functions: [" + ", ".join(f'{{name: "{name}"}}' for name in _FUNCTIONS) + "]}"
)
_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?: expecting \{.*| \(in container '.*)?$", re.MULTILINE)
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


class CelProgram:
    """A ``Program``. Its cost is bounded: the library ends an evaluation after 10,000 rounds of comprehensions."""

    def __init__(self, expression: cel.Expression) -> None:
        self._expression = expression
        self.tree = read_tree(expression.serialize())

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """See ``Program``."""
        try:
            found = self._expression.eval(data=values).value()
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise EvaluationError(_reason(error)) from error
        # An error of the expression is no exception but a value of its own.
        if found is True or found is False:
            return bool(found)
        raise EvaluationError(_reason(found))


def compile_program(parameters: Sequence[ConditionParameter], expression: str) -> CelProgram:
    """Compile an expression that must be a bool. Raises InvalidExpression."""
    try:
        checked = _environment(parameters, _ADDRESS, _ADDRESS).compile(expression)
        if checked.return_type() != cel.Type.BOOL:
            message = f"the expression is a {checked.return_type().name().lower()}, and must be a bool"
            raise InvalidExpression([ExpressionFault(message)])
        # A parameter is of any type, not bytes: it may be compared with null, and that is judged already.
        program = CelProgram(_environment(parameters, cel.Type.DYN, cel.Type.BYTES).compile(expression))
    except (RuntimeError, ValueError, TypeError) as error:
        raise InvalidExpression(list(_faults(_reason(error)))) from error
    unknown = unknown_zones(program.tree)
    if unknown:
        raise InvalidExpression([ExpressionFault(sentence) for sentence in unknown])
    return program


def _environment(parameters: Sequence[ConditionParameter], address: cel.Type, receiver: cel.Type) -> cel.Env:
    """Return what an expression may name; an ``ipaddress`` is an ``address``, and for ``in_cidr`` a ``receiver``."""
    # OpenFGA's two functions: internal/condition/types/ipaddress.go.
    in_cidr = cel.Overload(
        "ipaddr_in_cidr",
        return_type=cel.Type.BOOL,
        parameters=[receiver, cel.Type.STRING],
        is_member=True,
        impl=in_network,
    )
    ipaddress = cel.Overload(
        "string_to_ipaddress", return_type=address, parameters=[cel.Type.STRING], impl=canonical_address
    )
    return cel.NewEnv(
        config=_STANDARD,
        variables={parameter.name: _cel_type(parameter.type, address) for parameter in parameters},
        functions=[cel.FunctionDecl("in_cidr", [in_cidr]), cel.FunctionDecl("ipaddress", [ipaddress])],
    )


def _cel_type(declared: ParameterType, address: cel.Type) -> cel.Type:
    if declared.element is not None:
        element = _cel_type(declared.element, address)
        return cel.Type.List(element) if declared.name == "list" else cel.Type.Map(cel.Type.STRING, element)
    return address if declared.name == "ipaddress" else _TYPES[declared.name]


def _faults(text: str) -> Iterator[ExpressionFault]:
    """Read the mistakes from what the library says; a text without any place is one mistake at the beginning."""
    found = dict.fromkeys(_FAULT.findall(text))
    for line, column, message in found:
        # What is wrong with the whole stands nowhere.
        yield ExpressionFault(message, max(int(line), 1), max(int(column), 1))
    if not found:
        yield ExpressionFault(text)


def _reason(error: object) -> str:
    return _STATUS.sub("", str(error))
