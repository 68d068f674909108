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
from autograd_lite import Value, no_grad, softmax

DATA = Path(__file__).parent / "data" / "japanese_vowels.npz"
HIDDEN, SPEAKERS = 16, 9
TRAINING = 270  # utterances to learn from
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


def train(model: Listener, epochs: int, rng: random.Random) -> list[float]:
    """AdamW on mini-batches; the loss of each utterance."""
    utterances, speakers = load("train")
    steps = epochs * TRAINING // BATCH_SIZE
    optimizer = nn.optim.AdamW(model.parameters(), lr=0.015, weight_decay=0.1)
    schedule = nn.optim.CosineAnnealingLR(optimizer, steps)

    def loss(utterance: Utterance, speaker: np.integer) -> Value:
        return nn.cross_entropy(model(utterance)[-1], speaker)

    losses = []
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
    return losses


def beliefs(model: Listener, utterance: Utterance) -> np.ndarray:
    """The probability of each speaker after each frame: (frames, speakers)."""
    with no_grad():
        return np.array([[p.data for p in softmax(logits)] for logits in model(utterance)])


# ------------------------------------------------------------------------------------ the picture


def draw(
    losses: list[float],
    utterances: list[Utterance],
    speakers: list[np.integer],
    heard: list[np.ndarray],
    path: Path,
) -> None:
    """The loss, who is taken for whom, and one utterance with the beliefs after each frame."""
    figure = Figure(figsize=(12, 9), dpi=150, layout="constrained")
    (learning, confusion), (sound, mind) = figure.subplots(2, 2)
    epochs = np.arange(len(losses)) / TRAINING
    learning.plot(epochs, losses, ".", ms=2, color="#b8cfe4", label="one utterance")
    averages = np.reshape(losses, (-1, TRAINING)).mean(axis=1)
    learning.plot(
        np.arange(len(averages)) + 0.5, averages, "-o", ms=4, color="#2166ac", label="average"
    )
    learning.set(xlabel="epoch", yscale="log", ylim=(1e-3, 10), title="Cross entropy")
    learning.legend(frameon=False)
    learning.spines[["top", "right"]].set_visible(False)

    ticks = range(SPEAKERS)
    guesses = [belief[-1].argmax() for belief in heard]
    counts = np.zeros((SPEAKERS, SPEAKERS), dtype=int)
    np.add.at(counts, (speakers, guesses), 1)
    confusion.imshow(counts, cmap="Blues", vmax=50)
    for i, j in np.argwhere(counts):
        color = "white" if counts[i, j] > 30 else "black"
        confusion.text(j, i, counts[i, j], ha="center", va="center", color=color)
    confusion.set(xlabel="recognised as", ylabel="speaker", xticks=ticks, yticks=ticks)
    confusion.set_title(f"{counts.trace()} of {len(speakers)} test utterances are recognised")

    # Of those that are recognised, the one that was taken for others for longest.
    doubts = [np.sum(b.argmax(axis=1) != y) for b, y in zip(heard, speakers, strict=True)]
    i = np.argmax(np.equal(guesses, speakers) * doubts)
    image = sound.imshow(np.transpose(utterances[i]), cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
    sound.set(xlabel="frame", ylabel="cepstrum", title=f"Speaker {speakers[i]} says /ae/")
    figure.colorbar(image, ax=sound, label="standard deviations from the mean")
    image = mind.imshow(heard[i].T, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    mind.set(xlabel="frame", ylabel="speaker", yticks=ticks, title="Who the network takes him for")
    figure.colorbar(image, ax=mind, label="probability")
    figure.savefig(path)


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
    losses = train(model, 1 if options.quick else options.epochs, rng)
    seconds = time.perf_counter() - start

    utterances, speakers = load("test")
    heard = [beliefs(model, utterance) for utterance in utterances]
    accuracy = np.mean(np.equal([belief[-1].argmax() for belief in heard], speakers))
    print(f"{options.cell}: speaker accuracy {accuracy:.1%} after {seconds:.1f} s of training")
    draw(losses, utterances, speakers, heard, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
