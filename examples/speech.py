"""Learn who is speaking by a recurrent network, on scalars.

    pip install ".[examples]"
    python examples/speech.py
    python examples/speech.py --cell rnn

Nine men say the vowels /ae/ (Japanese Vowels, see examples/data). An utterance is 7 to 29 frames of
sound, each described by 12 numbers. The network reads one frame after the other and keeps 16
numbers h in mind, and a linear layer makes the logits of the nine speakers of the last h. A plain
cell (Elman, 1990) and one with a memory c behind gates (LSTM, Hochreiter and Schmidhuber, 1997):

    rnn   h' = tanh(W x + U h + b)
    lstm  i, f, o = σ(...), g = tanh(...), each with its own W x + U h + b
          c' = f c + i g,    h' = o tanh(c')

While it learns, noise is added to every frame, so that no utterance is learnt by heart. The picture
speech.png shows the training, the mistakes, and how the network makes up its mind.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import nn
from autograd_lite import Value, no_grad

DATA = Path(__file__).parent / "data" / "japanese_vowels.npz"
HIDDEN, SPEAKERS = 16, 9
BATCH_SIZE = 10
NOISE = 0.5  # in standard deviations of each of the 12 numbers

Utterance = list[list[float]]  # frames of 12 numbers


def load(part: str) -> tuple[list[Utterance], list[np.integer]]:
    """The utterances and the speakers of the part "train" or "test"."""
    with np.load(DATA) as file:
        seen = file["train_frames"].astype(float)
        frames = (file[f"{part}_frames"] - seen.mean(axis=0)) / seen.std(axis=0)
        utterances = np.split(frames, np.cumsum(file[f"{part}_lengths"])[:-1])
        return [u.tolist() for u in utterances], list(file[f"{part}_speakers"].astype(int))


class Listener(nn.Module):
    """The logits of the speakers after each frame."""

    def __init__(self, cell: str, rng: random.Random) -> None:
        kind = {"lstm": nn.LSTM, "rnn": nn.RNN}[cell]
        self.recurrent = kind(12, HIDDEN, rng=rng)
        self.speaker = nn.Linear(HIDDEN, SPEAKERS, rng=rng)

    def forward(self, utterance: Utterance) -> list[list[Value]]:
        hidden, _ = self.recurrent(utterance)
        return self.speaker(hidden)


def noisy(utterance: Utterance, rng: random.Random) -> Utterance:
    """The utterance over a noisy line."""
    return [[x + rng.gauss(0, NOISE) for x in frame] for frame in utterance]


def train(model: Listener, epochs: int, rng: random.Random) -> tuple[list[float], list[float]]:
    """AdamW on mini-batches; the loss of each utterance, and the test accuracy after each epoch."""
    utterances, speakers = load("train")
    steps = epochs * -(-len(utterances) // BATCH_SIZE)
    optimizer = nn.optim.AdamW(model.parameters(), lr=0.015, weight_decay=0.1)
    schedule = nn.optim.CosineAnnealingLR(optimizer, steps)

    def loss(utterance: Utterance, speaker: np.integer) -> Value:
        return nn.cross_entropy(model(utterance)[-1], speaker)

    losses, accuracies = [], []
    with tqdm(total=steps, unit="step") as bar:
        for _ in range(epochs):
            for xs, ys in nn.batches(utterances, speakers, BATCH_SIZE, rng):
                optimizer.zero_grad()
                for utterance, speaker in zip(xs, ys, strict=True):
                    error = loss(noisy(utterance, rng), speaker)
                    (error / len(xs)).backward()  # adds to what the others of the batch gave
                    losses.append(error.data)
                optimizer.step()
                schedule.step()
                bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
                bar.update()
            accuracies.append(accuracy(model))
    return losses, accuracies


def logits(model: Listener, utterance: Utterance) -> np.ndarray:
    """(frames, speakers), as numbers."""
    with no_grad():
        return np.array([[z.data for z in after_frame] for after_frame in model(utterance)])


def accuracy(model: Listener) -> float:
    """The fraction of the test utterances whose speaker is recognised after the last frame."""
    utterances, speakers = load("test")
    return np.mean([logits(model, u)[-1].argmax() for u in utterances] == np.array(speakers))


# ------------------------------------------------------------------------------------ the picture


def draw(model: Listener, losses: list[float], accuracies: list[float], path: Path) -> None:
    """Loss and errors, who is taken for whom, and one utterance frame by frame."""
    utterances, speakers = load("test")
    beliefs = [softmax(logits(model, utterance)) for utterance in utterances]
    guesses = [belief[-1].argmax() for belief in beliefs]
    figure = Figure(figsize=(12, 9), dpi=150, layout="constrained")
    (learning, confusion), (sound, mind) = figure.subplots(2, 2)

    epochs = range(1, len(accuracies) + 1)
    averages = np.reshape(losses, (len(epochs), -1)).mean(axis=1)
    learning.plot(epochs, averages, "-o", ms=4, color="#2166ac", label="training loss")
    wrong = 1 - np.array(accuracies)
    learning.plot(epochs, wrong, "-o", ms=4, color="#d6604d", label="test error rate")
    learning.set(xlabel="epoch", yscale="log", title="Learning")
    learning.yaxis.set_major_formatter("{x:g}")
    learning.legend(frameon=False)
    learning.spines[["top", "right"]].set_visible(False)

    counts = np.zeros((SPEAKERS, SPEAKERS), dtype=int)
    np.add.at(counts, (speakers, guesses), 1)
    confusion.imshow(counts, cmap="Blues", vmax=50)
    for i, j in np.argwhere(counts):
        color = "white" if counts[i, j] > 30 else "black"
        confusion.text(j, i, counts[i, j], ha="center", va="center", color=color)
    ticks = range(SPEAKERS)
    confusion.set(xlabel="recognised as", ylabel="speaker", xticks=ticks, yticks=ticks)
    confusion.set_title(f"{accuracies[-1]:.1%} of {len(speakers)} utterances are recognised")

    # Of those that are recognised, the one that was taken for others for longest.
    doubts = [np.sum(b.argmax(axis=1) != y) for b, y in zip(beliefs, speakers, strict=True)]
    i = np.argmax(np.equal(guesses, speakers) * doubts)
    image = sound.imshow(np.transpose(utterances[i]), cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
    sound.set(xlabel="frame", ylabel="cepstrum", title=f"Speaker {speakers[i]} says /ae/")
    figure.colorbar(image, ax=sound, label="standard deviations from the mean")
    image = mind.imshow(beliefs[i].T, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    mind.set(xlabel="frame", ylabel="speaker", yticks=ticks, title="Who the network takes him for")
    figure.colorbar(image, ax=mind, label="probability")
    figure.savefig(path)


def softmax(logits: np.ndarray) -> np.ndarray:
    """The probabilities, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main() -> None:
    """Train, test, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cell", choices=["lstm", "rnn"], default="lstm", help="(lstm)")
    parser.add_argument("--epochs", type=int, default=16, help="passes over the utterances (16)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and noise (0)")
    parser.add_argument("--output", type=Path, default="speech.png", help="the picture")
    parser.add_argument("--quick", action="store_true", help="1 epoch, for about 80%% accuracy")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    model = Listener(options.cell, rng)
    start = time.perf_counter()
    losses, accuracies = train(model, 1 if options.quick else options.epochs, rng)
    seconds = time.perf_counter() - start
    print(f"{options.cell}: speaker accuracy {accuracies[-1]:.1%} after {seconds:.1f} s")
    draw(model, losses, accuracies, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
