"""savedmodel: small models made here out of TensorFlow Text ops, saved, and opened by their path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.main import main
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.embedding.savedmodel import SavedModelError
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.dedup import dedup, rows

DIMENSION = 32


@pytest.fixture(scope="module")
def tf() -> Any:
    tensorflow = pytest.importorskip("tensorflow")
    pytest.importorskip("tensorflow_text")
    return tensorflow


def save(tf: Any, folder: Path, call: Any, spec: Any) -> EmbedderConfig:
    """A model whose serving signature is `call`, with a table of random word vectors as `self.table`."""

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            rng = np.random.default_rng(1)
            self.table = tf.Variable(rng.normal(size=(1000, DIMENSION)).astype(np.float32))

        @tf.function(input_signature=[spec])
        def serve(self, inputs: Any) -> Any:
            return call(self, inputs)

    model = Model()
    tf.saved_model.save(model, str(folder), signatures={"serving_default": model.serve})
    return EmbedderConfig(name=f"savedmodel:{folder}")


def word_vectors(model: Any, texts: Any) -> Any:
    """Mean of hashed words' vectors, by ops that only TensorFlow Text registers."""
    import tensorflow as tf
    import tensorflow_text as text

    words = text.UnicodeScriptTokenizer().tokenize(text.case_fold_utf8(text.normalize_utf8(texts, "NFKC")))
    rows = tf.strings.to_hash_bucket_fast(words, 1000)
    return tf.reduce_sum(tf.ragged.map_flat_values(tf.gather, model.table, rows), axis=1)


@pytest.fixture(scope="module")
def encoder(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> EmbedderConfig:
    folder = tmp_path_factory.mktemp("encoder")
    spec = tf.TensorSpec([None], tf.string)
    return save(tf, folder, lambda model, texts: {"default": word_vectors(model, texts)}, spec)


def test_texts_become_vectors_of_unit_length(encoder: EmbedderConfig) -> None:
    vectors = open_embedder(encoder).embed(["A nurse", "Учитель музыки", "小学老师"])
    assert vectors.shape == (3, DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)


def test_the_same_text_gives_the_same_vector_in_any_company(encoder: EmbedderConfig) -> None:
    embedder = open_embedder(encoder)
    alone = embedder.embed(["a night nurse"])
    among = embedder.embed(["x", "A NIGHT nurse", "y z"])
    assert alone[0] == pytest.approx(among[1], abs=1e-6)


def test_an_empty_text_has_a_vector_too(encoder: EmbedderConfig) -> None:
    assert np.linalg.norm(open_embedder(encoder).embed(["", "\ud800"]), axis=1) == pytest.approx(1)


def test_a_model_is_opened_once_in_a_process(encoder: EmbedderConfig) -> None:
    assert open_embedder(encoder) is open_embedder(EmbedderConfig(name=encoder.name))


def test_a_folder_without_a_model_is_named(tf: Any, tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match=f"savedmodel:{tmp_path}: no SavedModel there"):
        open_embedder(EmbedderConfig(name=f"savedmodel:{tmp_path}"))


def test_a_model_that_takes_numbers_is_refused(tf: Any, tmp_path: Path) -> None:
    config = save(tf, tmp_path, lambda model, x: {"default": x}, tf.TensorSpec([None, 4], tf.float32))
    with pytest.raises(SavedModelError, match=r"takes \(inputs: float32 .*not one tensor of strings"):
        open_embedder(config)


def test_an_output_that_is_no_table_of_vectors_is_refused(tf: Any, tmp_path: Path) -> None:
    config = save(tf, tmp_path, lambda model, x: {"default": tf.strings.length(x)}, tf.TensorSpec([None], tf.string))
    with pytest.raises(SavedModelError, match=r"int32 \(2,\) for 2 texts, not float"):
        open_embedder(config).embed(["a", "b"])


def test_several_outputs_without_a_known_name_are_refused(tf: Any, tmp_path: Path) -> None:
    def two(model: Any, x: Any) -> Any:
        return {"left": word_vectors(model, x), "right": word_vectors(model, x)}

    config = save(tf, tmp_path, two, tf.TensorSpec([None], tf.string))
    with pytest.raises(SavedModelError, match="which of left, right"):
        open_embedder(config).embed(["a"])


@pytest.mark.usefixtures("tf")
def test_the_example_is_the_sentence_encoder(tmp_path: Path) -> None:
    """examples/savedmodel.py, with the tokenizer in the graph: the vectors of `use`, in any company, in a real run."""
    from examples.savedmodel import save, sentence_encoder

    save(str(tmp_path / "encoder"), *sentence_encoder())
    config = EmbedderConfig(name=f"savedmodel:{tmp_path}/encoder")
    texts = ["A nurse", "", "Учитель музыки ", "小学老师。", "Émile 🙂.", " \u3000İ", ".", "\ud800 a"]
    texts += ["x" * 5000, "word " * 700]
    found = open_embedder(config).embed(texts)
    assert found == pytest.approx(open_embedder(EmbedderConfig(name="use")).embed(texts), abs=1e-5)

    corpus = tmp_path / "notes.jsonl"
    notes = ["The harbour master of Cork keeps a log of tides and winds.", "Bees on the roof: a diary of a gardener."]
    corpus.write_text("".join(json.dumps({"text": note}) + "\n" for note in notes))
    output, flag = tmp_path / "out", f"--embedder={config.name}"
    command = ["build", f"--input={corpus}", f"--output={output}", "--expand_hops=0", "--min_characters=20"]
    assert main([*command, flag]) == 0
    made = open_hub(str(output)).manifest
    assert made.models["embedder"] == config.name
    assert made.records_of("vectors") == made.records_of("personas") > 0
    same = ["A nurse who teaches swimming in the town.", "A nurse who teaches swimming in town.", "A judge."]
    (tmp_path / "rows.txt").write_text("\n".join(same))
    assert dedup(tmp_path / "rows.txt", tmp_path / "kept", flag, "--embedding_threshold", "0.9") == 0
    assert [row["text"] for row in rows(tmp_path / "kept", "kept")] == [same[0], same[2]]


@pytest.mark.usefixtures("tf")
def test_the_shorter_example_is_a_model_too(tmp_path: Path) -> None:
    from examples.savedmodel import mean_of_pieces, save

    save(str(tmp_path), *mean_of_pieces())
    texts = ["a nurse in Graz", "a nurse of Graz", "ремонт двигателей", ""]
    vectors = open_embedder(EmbedderConfig(name=f"savedmodel:{tmp_path}")).embed(texts)
    alike, unlike = (float(vectors[0] @ vectors[n]) for n in (1, 2))
    assert 1 > alike > 0.6 > 0.4 > unlike
