"""The questions every table is asked before a model learns from it."""

import pyarrow as pa

from lifecycle.data.declaration import Data, Schema
from lifecycle.data.description import Description
from lifecycle.data.intake import Intake
from lifecycle.data.rules.columns import Roles, Types, Undeclared
from lifecycle.data.rules.labels import Labels
from lifecycle.data.rules.leakage import Leakage
from lifecycle.data.rules.missing import Missing
from lifecycle.data.rules.personal import Personal
from lifecycle.data.rules.rows import Duplicates, RefusedRows, Rows
from lifecycle.data.rules.rule import Evidence, Rule
from lifecycle.data.rules.spread import Constant, Outliers
from lifecycle.data.rules.values import AllowedValues, Ranges
from lifecycle.section import Section
from lifecycle.verdict import Verdicts

__all__ = ["Checks", "Evidence", "Rule", "check"]


class Checks(Section):
    """The optional section `checks`: limits of the data rules, each with a default.

    To add a rule is one class with a `judge` and one line here.
    """

    types: Types = Types()
    undeclared: Undeclared = Undeclared()
    roles: Roles = Roles()
    rows: Rows = Rows()
    refused: RefusedRows = RefusedRows()
    duplicates: Duplicates = Duplicates()
    labels: Labels = Labels()
    missing: Missing = Missing()
    ranges: Ranges = Ranges()
    values: AllowedValues = AllowedValues()
    constant: Constant = Constant()
    outliers: Outliers = Outliers()
    leakage: Leakage = Leakage()
    personal: Personal = Personal()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order they are asked."""
        return tuple(getattr(self, name) for name in type(self).model_fields)


def check(
    table: pa.Table,
    intake: Intake,
    schema: Schema,
    data: Data,
    rules: Checks,
    *,
    reference: Description | None = None,
) -> Verdicts:
    """Hold a conformed table against every data rule.

    Each rule gives at least one verdict; a rule whose evidence is missing says `unknown`, which
    blocks.

    Parameters
    ----------
    schema
        The columns as declared; the rest is inferred as in `conform`.
    reference
        The description of what the champion was trained on, if there is one: a column that was
        never missing there and often is here is a source that broke.
    """
    evidence = Evidence(table, intake, schema, data, reference)
    return Verdicts(tuple(verdict for rule in rules.rules for verdict in rule.judge(evidence)))
