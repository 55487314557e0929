"""Writes a fitted classifier in the form `countersign-own-model/1`, which docs/own-model.md describes.

    from export_own_model import export
    export(fitted, path="model.json", name="night-shift", inputs=["local_hour", "impossible_travel"])

Takes classifiers of two classes, of which the latter (`classes_[1]`) is the risky one: of scikit-learn LogisticRegression
(also behind SimpleImputer and StandardScaler in a Pipeline), GradientBoostingClassifier, HistGradientBoostingClassifier,
RandomForestClassifier and ExtraTreesClassifier (also behind SimpleImputer), of LightGBM LGBMClassifier and Booster, of
XGBoost XGBClassifier and Booster. Anything that the form can't say is an error (ValueError), never an approximation.
Nothing is unpickled and nothing is written but `path`.
"""

import json
import math
import re

import numpy as np

FORMAT = "countersign-own-model/1"
MAX_BYTES, MAX_INPUTS, MAX_TREES, MAX_NODES, MAX_DEPTH = 1 << 20, 64, 256, 16_384, 32
GREATEST = float(np.finfo(np.float64).max)
# What LightGBM takes for 0, whichever its sign (kZeroThreshold).
LIGHTGBM_ZERO = float(np.float32(1e-35))


def export(model, *, name, inputs=None, version=1, weight_milli=500, bound_micro=1_000_000, calibration=None,
           missing=None, path=None):
    """The model's form as a dictionary, also written to `path` if that is given.

    `inputs` names the columns in order (by default the names that the model was fitted with), `missing` maps names to the
    numbers that stand in for missing ones, `calibration` is (scale, offset) on the log-odds.
    """
    steps = [step for _, step in model.steps] if _is(model, "sklearn", "Pipeline") else [model]
    columns = inputs if inputs is not None else getattr(model, "feature_names_in_", None)
    if columns is None:
        raise ValueError("the model does not know its columns; name them in `inputs`")
    columns = [str(column) for column in columns]
    stand_ins, logistic = dict(missing or {}), {}
    for step in steps[:-1]:
        if step is None or step == "passthrough":
            continue
        if _is(step, "sklearn", "SimpleImputer") and not logistic:
            stand_ins = {**_imputed(step, columns), **stand_ins}
        elif _is(step, "sklearn", "StandardScaler") and _is(steps[-1], "sklearn", "LogisticRegression") and not logistic:
            logistic = _scaled(step, len(columns))
        else:
            raise ValueError(f"a step {type(step).__name__} at this place of a pipeline can't be exported")
    if unknown := set(stand_ins) - set(columns):
        raise ValueError(f"`missing` names no input: {sorted(unknown)}")
    document = {
        "format": FORMAT, "name": name, "version": version, **_body(steps[-1], len(columns), logistic),
        "inputs": [{"name": column, "missing": _number(stand_ins.get(column, "default"))} for column in columns],
        "weight_milli": weight_milli, "bound_micro": bound_micro,
    }
    if calibration is not None:
        document["calibration"] = dict(zip(("scale", "offset"), map(_number, calibration), strict=True))
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    _check(document, text)
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return document


def _is(model, library, name):
    """Whether `model` is of that class or one made of it, without importing a library that is not there."""
    return any(kind.__name__ == name and kind.__module__.split(".")[0] == library for kind in type(model).__mro__)


def _body(model, columns, logistic):
    """What differs by kind of model."""
    exporters = [
        ("sklearn", "LogisticRegression", _logistic),
        ("sklearn", "GradientBoostingClassifier", _gradient_boosting),
        ("sklearn", "HistGradientBoostingClassifier", _hist_gradient_boosting),
        ("sklearn", "ForestClassifier", _random_forest),
        ("lightgbm", "LGBMClassifier", lambda model, _: _lightgbm(model.booster_)),
        ("lightgbm", "Booster", lambda model, _: _lightgbm(model)),
        ("xgboost", "XGBClassifier", _xgb_classifier),
        ("xgboost", "Booster", lambda model, _: _xgboost(model)),
    ]
    for library, kind, exporter in exporters:
        if _is(model, library, kind):
            classes = getattr(model, "classes_", None)
            if classes is not None and len(classes) != 2:
                raise ValueError(f"the model tells {len(classes)} classes apart, and not 2")
            width = _width(model, library, kind)
            if width != columns:
                raise ValueError(f"the model has {width} columns and not {columns}")
            return exporter(model, logistic)
    raise ValueError(f"{type(model).__module__}.{type(model).__name__} can't be exported")


def _width(model, library, kind):
    if kind == "Booster":
        return model.num_feature() if library == "lightgbm" else model.num_features()
    return model.n_features_in_


def _imputed(imputer, columns):
    if imputer.add_indicator or not (isinstance(imputer.missing_values, float) and math.isnan(imputer.missing_values)):
        raise ValueError("SimpleImputer can be exported for missing values that are NaN, and without indicators")
    if len(imputer.statistics_) != len(columns) or np.isnan(imputer.statistics_.astype(float)).any():
        raise ValueError("SimpleImputer drops a column; name and fit only those that have values")
    return dict(zip(columns, imputer.statistics_))


def _scaled(scaler, columns):
    return {
        "mean": _numbers(scaler.mean_ if scaler.with_mean else np.zeros(columns)),
        "scale": _numbers(scaler.scale_ if scaler.with_std else np.ones(columns)),
    }


def _logistic(model, scaling):
    return {"kind": "logistic", "logistic": {
        "intercept": _number(model.intercept_[0]), "coefficients": _numbers(model.coef_[0]), **scaling}}


def _gradient_boosting(model, _):
    if model.loss != "log_loss":
        raise ValueError(f"GradientBoostingClassifier can be exported with log_loss, not with {model.loss}")
    if _is(model.init_, "sklearn", "DummyClassifier") and model.init_.strategy == "prior":
        base = _log_odds(model.init_.class_prior_[1])
    elif isinstance(model.init_, str) and model.init_ == "zero":
        base = 0.0
    else:
        raise ValueError("GradientBoostingClassifier can be exported with its own `init` or `zero`")
    trees = [_sklearn_tree(stage[0].tree_, lambda value: model.learning_rate * value[0, 0])
             for stage in model.estimators_]
    return _forest(base, trees)


def _random_forest(model, _):
    if model.n_outputs_ != 1:
        raise ValueError("a forest can be exported with one output")
    share = 1 / len(model.estimators_)
    trees = [_sklearn_tree(tree.tree_, lambda value: share * value[0, 1] / value[0].sum()) for tree in model.estimators_]
    return {**_forest(0.0, trees), "leaves": "probability"}


def _sklearn_tree(tree, leaf):
    """A tree of scikit-learn, which reads numbers as 32-bit floats."""
    def node(at):
        if tree.children_left[at] == tree.children_right[at]:
            return leaf(tree.value[at])
        side = "left" if tree.missing_go_to_left[at] else "right"
        threshold = _last_rounded_to(_float32_at_most(float(tree.threshold[at])))
        return int(tree.feature[at]), threshold, side, int(tree.children_left[at]), int(tree.children_right[at])
    return _tree(node, 0)


def _hist_gradient_boosting(model, _):
    if model._preprocessor is not None or model.is_categorical_ is not None and np.any(model.is_categorical_):
        raise ValueError("categorical columns can't be exported")
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes

        def node(at):
            row = nodes[at]
            if row["is_leaf"]:
                return float(row["value"])
            side = "left" if row["missing_go_to_left"] else "right"
            # An infinite threshold parts what is missing from all numbers.
            threshold = min(float(row["num_threshold"]), GREATEST)
            return int(row["feature_idx"]), threshold, side, int(row["left"]), int(row["right"])

        trees.append(_tree(node, 0))
    return _forest(float(np.ravel(model._baseline_prediction)[0]), trees)


def _lightgbm(booster):
    dump = booster.dump_model()
    objective = re.fullmatch(r"binary sigmoid:(\S+)", dump["objective"])
    if not objective or dump["num_class"] != 1 or dump["average_output"]:
        raise ValueError(f"LightGBM can be exported with `binary` and no random forest, not with {dump['objective']}")
    sigmoid = float(objective[1])

    def node(at):
        if "leaf_value" in at:
            if "leaf_const" in at:
                raise ValueError("LightGBM with linear trees can't be exported")
            return sigmoid * at["leaf_value"]
        if at["decision_type"] != "<=":
            raise ValueError("LightGBM with categorical columns can't be exported")
        side = "left" if at["default_left"] else "right"
        if at["missing_type"] == "None":
            # Without missing values at training, one counts as 0.
            side = "left" if 0 <= at["threshold"] else "right"
        elif at["missing_type"] != "NaN":
            raise ValueError("LightGBM with `zero_as_missing` can't be exported")
        threshold = at["threshold"]
        if abs(threshold) <= LIGHTGBM_ZERO:
            threshold = LIGHTGBM_ZERO if threshold >= 0 else math.nextafter(-LIGHTGBM_ZERO, -math.inf)
        return at["split_feature"], threshold, side, at["left_child"], at["right_child"]

    return _forest(0.0, [_tree(node, tree["tree_structure"]) for tree in dump["tree_info"]])


def _xgb_classifier(model, _):
    if model.missing is not None and not math.isnan(model.missing):
        raise ValueError(f"XGBClassifier can be exported with NaN for missing values, not with {model.missing}")
    booster = model.get_booster()
    # As `predict` does: up to the best round, if training was stopped early.
    return _xgboost(booster if booster.attr("best_iteration") is None else booster[:booster.best_iteration + 1])


def _xgboost(booster):
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective, gradient_booster = learner["objective"]["name"], learner["gradient_booster"]
    binary = ("binary:logistic", "binary:logitraw", "reg:logistic")
    if gradient_booster["name"] != "gbtree" or objective not in binary:
        said = f"{gradient_booster['name']} and {objective}"
        raise ValueError(f"XGBoost can be exported with gbtree and binary:logistic, not with {said}")
    base = float(np.float32(learner["learner_model_param"]["base_score"].strip("[]")))
    if objective != "binary:logitraw":
        base = _log_odds(base)
    return _forest(base, [_xgboost_tree(tree) for tree in gradient_booster["model"]["trees"]])


def _xgboost_tree(tree):
    """A tree of XGBoost, which reads numbers as 32-bit floats and goes left below the threshold, not at it."""
    if any(tree["split_type"]) or int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise ValueError("XGBoost with categorical columns or several outputs can't be exported")

    def node(at):
        number = np.float32(tree["split_conditions"][at])
        if tree["left_children"][at] == -1:
            return float(number)
        side = "left" if tree["default_left"][at] else "right"
        below = np.nextafter(number, np.float32(-np.inf))
        return (tree["split_indices"][at], _last_rounded_to(below), side, tree["left_children"][at],
                tree["right_children"][at])

    return _tree(node, 0)


def _float32_at_most(number):
    nearest = np.float32(number)
    return nearest if float(nearest) <= number else np.nextafter(nearest, np.float32(-np.inf))


def _last_rounded_to(number):
    """The greatest double that a library which reads 32-bit floats takes for `number`: what is compared with a threshold
    there is compared alike here, to the last bit."""
    following = np.nextafter(number, np.float32(np.inf))
    if np.isinf(following):
        return GREATEST
    middle = (float(number) + float(following)) / 2
    return middle if np.float32(middle) == number else float(np.nextafter(middle, -np.inf))


def _tree(node, root):
    """Nodes in the order of a walk from `root`; `node` gives a leaf's number, or input, threshold, side, left, right."""
    nodes, open_nodes = [], [(root, None, None)]
    while open_nodes:
        at, parent, side = open_nodes.pop()
        if parent is not None:
            nodes[parent][side] = len(nodes)
        found = node(at)
        if isinstance(found, tuple):
            feature, threshold, missing, left, right = found
            open_nodes += [(right, len(nodes), "right"), (left, len(nodes), "left")]
            nodes.append({"input": feature, "threshold": _number(threshold), "left": 0, "right": 0, "missing": missing})
        else:
            nodes.append({"leaf": _number(found)})
    return {"nodes": nodes}


def _forest(base, trees):
    return {"kind": "trees", "base_score": _number(base), "trees": trees}


def _depth(nodes):
    # A child stands after its parent.
    depths = [0] * len(nodes)
    for at, node in enumerate(nodes):
        for side in ("left", "right"):
            if side in node:
                depths[node[side]] = depths[at] + 1
    return max(depths)


def _check(document, text):
    trees = document.get("trees", [])
    for what, number, most in [
        ("inputs", len(document["inputs"]), MAX_INPUTS),
        ("trees", len(trees), MAX_TREES),
        ("nodes", sum(len(tree["nodes"]) for tree in trees), MAX_NODES),
        ("splits between a root and a leaf", max((_depth(tree["nodes"]) for tree in trees), default=0), MAX_DEPTH),
        ("bytes", len(text), MAX_BYTES),
    ]:
        if number > most:
            raise ValueError(f"the model has {number} {what}; {most} are the most: fit a smaller one")


def _log_odds(probability):
    return math.log(probability / (1 - probability))


def _numbers(numbers):
    return [_number(number) for number in numbers]


def _number(number):
    """As JSON has it; words stay words."""
    if isinstance(number, str):
        return number
    if not math.isfinite(number):
        raise ValueError(f"{number} is no finite number")
    return float(number)
