"""Fits small models with the libraries themselves, exports them, and holds Countersign's own evaluation to theirs."""

import json
import os
import subprocess
import tempfile
import unittest
import warnings

import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier,
                              RandomForestClassifier)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from export_own_model import export

COLUMNS = ["local_hour", "impossible_travel", "unfamiliar_country", "history", "gibberish"]
ASK = os.environ["OWN_MODEL_BIN"]
# What the form promises: a millionth of log-odds.
TOLERANCE = 1e-6

warnings.filterwarnings("ignore", message="X does not have valid feature names")


def sample(rows, seed, has_missing):
    """Rows of numbers of different sizes, one in six missing, and labels that follow from them."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, len(COLUMNS))) * [6, 1, 0.5, 40, 0.2] + [12, 0.5, 0, 60, 0.5]
    # Numbers that are the same in many rows, as counts are, put rows right at thresholds.
    numbers[:, 3] = np.round(numbers[:, 3])
    odds = (numbers[:, 1] + (numbers[:, 0] < 6) - (numbers[:, 3] > 70) - 0.6) * 1.5
    labels = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    if has_missing:
        numbers[rng.random(numbers.shape) < 1 / 6] = np.nan
    return numbers, labels


def ask(document, rows):
    """What Countersign says to each row, in log-odds."""
    lines = [json.dumps({name: None if np.isnan(number) else number for name, number in zip(COLUMNS, row)}) for row in rows]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        answer = subprocess.run([ASK, file.name], input="\n".join(lines), capture_output=True, text=True, timeout=60)
    if answer.returncode:
        raise AssertionError(answer.stderr)
    said = [line.split() for line in answer.stdout.splitlines()]
    for logit, micro in said:
        wanted = np.clip(float(logit) * document["weight_milli"] * 1e3, -document["bound_micro"], document["bound_micro"])
        assert abs(int(micro) - wanted) <= 0.5 + 1e-6, (logit, micro)
    return np.array([float(logit) for logit, _ in said])


def near_thresholds(document, rows):
    """Each row again with one number moved right to a threshold of the model, or to a neighbor of it."""
    splits = [node for tree in document.get("trees", []) for node in tree["nodes"]
              if abs(node.get("threshold", np.inf)) < 1e30]
    rng, rows = np.random.default_rng(5), rows.copy()
    for row in rows:
        split = splits[rng.integers(len(splits))]
        number = split["threshold"]
        step = rng.integers(5)
        row[split["input"]] = [number, np.nextafter(number, np.inf), np.nextafter(number, -np.inf),
                               float(np.float32(number)), float(np.nextafter(np.float32(number), np.float32(np.inf)))][step]
    return rows


class Agreement(unittest.TestCase):
    def hold(self, model, logits, *, has_missing=True, document=None, tolerance=TOLERANCE):
        """Countersign and the library say the same of rows that the model never saw."""
        document = document or export(model, name="held", inputs=COLUMNS)
        rows, _ = sample(2_000, 99, has_missing)
        if document["kind"] == "trees":
            rows = np.vstack([rows, near_thresholds(document, rows)])
        ours, theirs = ask(document, rows), logits(rows)
        worst = np.abs(ours - theirs).max()
        print(f"{self.id().split('.')[-1]}: {len(rows)} rows, off by {worst:.1e} at most, from {theirs.min():.2f} to {theirs.max():.2f}")
        self.assertEqual(len(ours), len(theirs))
        self.assertLess(worst, tolerance)
        self.assertGreater(np.ptp(theirs), 1, "a model that says the same of all rows proves nothing")

    def test_logistic_regression(self):
        model = LogisticRegression(max_iter=1_000).fit(*sample(600, 1, False))
        self.hold(model, model.decision_function, has_missing=False)

    def test_logistic_regression_behind_a_scaler(self):
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*sample(600, 2, False))
        self.hold(model, model.decision_function, has_missing=False)
        # A missing value counts nothing, which behind a scaler is the mean.
        rows, _ = sample(500, 3, True)
        as_mean = np.where(np.isnan(rows), model[0].mean_, rows)
        said = ask(export(model, name="held", inputs=COLUMNS), rows)
        self.assertLess(np.abs(said - model.decision_function(as_mean)).max(), TOLERANCE)

    def test_logistic_regression_behind_an_imputer_and_a_scaler(self):
        model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
        model.fit(*sample(600, 4, True))
        self.hold(model, model.decision_function)

    def test_gradient_boosting(self):
        for settings in [{}, {"init": "zero", "max_depth": 5}]:
            model = GradientBoostingClassifier(n_estimators=60, random_state=0, **settings).fit(*sample(600, 5, False))
            self.hold(model, model.decision_function, has_missing=False)

    def test_gradient_boosting_behind_an_imputer(self):
        model = make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=40, random_state=0))
        model.fit(*sample(600, 6, True))
        self.hold(model, model.decision_function)

    def test_hist_gradient_boosting(self):
        model = HistGradientBoostingClassifier(max_iter=80, random_state=0).fit(*sample(1_500, 7, True))
        self.hold(model, model.decision_function)

    def test_hist_gradient_boosting_where_missing_says_all(self):
        numbers, _ = sample(1_500, 8, True)
        model = HistGradientBoostingClassifier(max_iter=10).fit(numbers, np.isnan(numbers[:, 1]).astype(int))
        document = export(model, name="held", inputs=COLUMNS)
        thresholds = [node.get("threshold") for tree in document["trees"] for node in tree["nodes"]]
        self.assertIn(float(np.finfo(np.float64).max), thresholds)
        rows, _ = sample(1_000, 9, True)
        self.assertLess(np.abs(ask(document, rows) - model.decision_function(rows)).max(), TOLERANCE)

    def test_random_forest_and_extra_trees(self):
        for kind in [RandomForestClassifier, ExtraTreesClassifier]:
            for has_missing in [True, False]:
                model = kind(n_estimators=50, max_depth=6, random_state=0).fit(*sample(800, 10, has_missing))

                def logits(rows):
                    probability = model.predict_proba(rows)[:, 1].clip(1e-6, 1 - 1e-6)
                    return np.log(probability / (1 - probability))

                self.hold(model, logits)

    def test_lightgbm(self):
        for has_missing in [True, False]:
            for settings in [{}, {"sigmoid": 0.7, "num_leaves": 7}]:
                model = lightgbm.LGBMClassifier(n_estimators=60, verbose=-1, **settings).fit(*sample(800, 11, has_missing))
                self.hold(model, lambda rows: model.predict(rows, raw_score=True) * settings.get("sigmoid", 1))
        self.assertEqual(export(model.booster_, name="held", inputs=COLUMNS), export(model, name="held", inputs=COLUMNS))

    def test_lightgbm_that_stopped_early(self):
        model = lightgbm.LGBMClassifier(n_estimators=200, verbose=-1)
        numbers, labels = sample(300, 13, True)
        model.fit(*sample(800, 12, True), eval_X=numbers, eval_y=labels,
                  callbacks=[lightgbm.early_stopping(5, verbose=False)])
        self.assertLess(model.best_iteration_, 200)
        self.hold(model, lambda rows: model.predict(rows, raw_score=True))

    def test_xgboost(self):
        for settings in [{}, {"max_depth": 3, "base_score": 0.2}, {"gamma": 1.0, "num_parallel_tree": 2, "subsample": 0.8}]:
            settings = {"n_estimators": 50, "max_depth": 4, **settings}
            model = xgboost.XGBClassifier(**settings).fit(*sample(800, 14, True))
            # XGBoost adds up in 32 bits: the sum of its own leaves in 64 is what its model says.
            self.hold(model, lambda rows: exact_margin(model, rows))
            self.hold(model, lambda rows: model.predict(rows, output_margin=True), tolerance=5e-6)
        booster = export(model.get_booster(), name="held", inputs=COLUMNS)
        self.assertEqual(booster, export(model, name="held", inputs=COLUMNS))

    def test_xgboost_that_stopped_early(self):
        model = xgboost.XGBClassifier(n_estimators=200, early_stopping_rounds=5)
        model.fit(*sample(800, 15, True), eval_set=[sample(300, 16, True)], verbose=False)
        self.assertLess(model.best_iteration, 190)
        self.hold(model, lambda rows: model.predict(rows, output_margin=True), tolerance=5e-6)

    def test_calibration(self):
        model = LogisticRegression(max_iter=1_000).fit(*sample(600, 17, False))
        document = export(model, name="held", inputs=COLUMNS, calibration=(0.5, 1.25), weight_milli=300, bound_micro=250_000)
        self.hold(model, lambda rows: 0.5 * model.decision_function(rows) + 1.25, has_missing=False, document=document)


def exact_margin(model, rows):
    """XGBoost's margin of 64 bits: each tree's own prediction, added up here."""
    booster, rounds = model.get_booster(), model.get_booster().num_boosted_rounds()
    matrix = xgboost.DMatrix(rows)
    leaves = booster.predict(matrix, pred_leaf=True).reshape(len(rows), -1).astype(int)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    base = float(np.float32(learner["learner_model_param"]["base_score"].strip("[]")))
    values = [np.array(tree["split_conditions"], dtype=np.float32).astype(float) for tree in trees]
    assert leaves.shape[1] == len(trees) >= rounds
    return np.log(base / (1 - base)) + sum(value[leaves[:, at]] for at, value in enumerate(values))


class Refusals(unittest.TestCase):
    def refuse(self, model, words, **settings):
        with self.assertRaisesRegex(ValueError, words):
            export(model, **{"name": "refused", "inputs": COLUMNS, **settings})

    def test_what_the_form_cannot_say_is_refused(self):
        numbers, labels = sample(400, 20, False)
        three = labels + (numbers[:, 0] > 15)
        self.refuse(LogisticRegression(max_iter=2_000).fit(numbers, three), "3 classes")
        self.refuse(SVC().fit(numbers, labels), "SVC can't be exported")
        self.refuse(GradientBoostingClassifier(n_estimators=2, loss="exponential").fit(numbers, labels), "log_loss")
        self.refuse(make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=2)).fit(numbers, labels), "StandardScaler")
        scaled_first = make_pipeline(StandardScaler(), SimpleImputer(), LogisticRegression()).fit(numbers, labels)
        self.refuse(scaled_first, "SimpleImputer")
        indicators = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression(max_iter=2_000))
        self.refuse(indicators.fit(*sample(400, 21, True)), "indicators")
        self.refuse(xgboost.XGBClassifier(n_estimators=2, booster="dart").fit(numbers, labels), "dart")
        self.refuse(xgboost.XGBClassifier(n_estimators=2, missing=0.0).fit(numbers, labels), "NaN")
        for settings, words in [({"zero_as_missing": True}, "zero_as_missing"), ({"linear_tree": True}, "linear"),
                                ({"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest")]:
            model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, **settings).fit(numbers, labels)
            self.refuse(model, words)
        counted = numbers.copy()
        counted[:, 0] = np.clip(np.round(numbers[:, 0] / 4), 0, 5)
        odd = (counted[:, 0] % 2).astype(int)
        model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(counted, odd, categorical_feature=[0])
        self.refuse(model, "categorical")
        self.refuse(HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(counted, odd), "categorical")

    def test_what_is_too_large_is_refused(self):
        numbers, labels = sample(3_000, 22, False)
        self.refuse(RandomForestClassifier(n_estimators=257, max_depth=2).fit(numbers, labels), "257 trees")
        self.refuse(RandomForestClassifier(n_estimators=200).fit(numbers, labels), "nodes; 16384")

    def test_columns_are_named_and_fit(self):
        model = LogisticRegression(max_iter=1_000).fit(*sample(400, 23, False))
        self.refuse(model, "name them", inputs=None)
        self.refuse(model, "5 columns and not 4", inputs=COLUMNS[:4])
        self.refuse(model, "names no input", missing={"another": 1})


if __name__ == "__main__":
    unittest.main()
