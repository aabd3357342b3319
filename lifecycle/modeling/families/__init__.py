"""The kinds of model. To add one: a file here, and a line in `FAMILIES`."""

from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.families.family import Family as Family
from lifecycle.modeling.families.family import Model as Model
from lifecycle.modeling.families.forest import Forest
from lifecycle.modeling.families.linear import Linear, LinearModel
from lifecycle.modeling.families.trees import TreeModel
from lifecycle.modeling.families.xgboost import XGBoost

FAMILIES: dict[FamilyName, Family] = {
    family.name: family for family in (Linear(), XGBoost(), Forest())
}

MODELS: dict[str, type[Model]] = {model.kind: model for model in (LinearModel, TreeModel)}
"""What the families' models are made of, by the kind a stored one names."""
