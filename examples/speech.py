"""Learn who is speaking by a recurrent network, on scalars.

    pip install ".[examples]"
    python examples/speech.py
    python examples/speech.py --cell rnn

Nine men say the vowels /ae/ (Japanese Vowels, see examples/data). An utterance is 7 to 29 frames of
sound, each described by 12 numbers. The network reads one frame after the other and keeps 32
numbers h in mind, and a linear layer makes the logits of the nine speakers of the last h. A plain
cell (Elman, 1990) and one with a memory c behind gates (LSTM, Hochreiter and Schmidhuber, 1997):

    rnn   h' = tanh(W x + U h + b)
    lstm  i, f, o = σ(...), g = tanh(...), each with its own W x + U h + b
          c' = f c + i g,    h' = o tanh(c')

While it learns, noise is added to every frame, so that no utterance is learnt by heart. The picture
shows the training, the mistakes, and how the network makes up its mind.

The settings were chosen with --validate, which sets a fifth of the training utterances aside and
tests on these. The test utterances were used for nothing else than the number that is printed.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from common import (
    command_line,
    data,
    draw_confusion,
    draw_losses,
    epochs,
    print_gain,
    sheet,
)
from matplotlib.ticker import MaxNLocator

import autograd_lite
from autograd_lite import Value, nn, no_grad, softmax

DATA = Path(__file__).parent / "data" / "japanese_vowels.npz"
HIDDEN, SPEAKERS = 32, 9
NOISE = 0.5  # in standard deviations of each of the 12 numbers

Part = tuple[list[np.ndarray], list[np.integer]]  # utterances as (frames, 12), and who speaks


def load(validate: bool = False) -> tuple[Part, Part]:
    """What to learn from, and what to be tested on."""
    with np.load(DATA) as file:
        seen = file["train_frames"].astype(float)

        def part(name: str) -> Part:
            frames = (file[f"{name}_frames"] - seen.mean(axis=0)) / seen.std(axis=0)
            utterances = np.split(frames, np.cumsum(file[f"{name}_lengths"])[:-1])
            return utterances, list(file[f"{name}_speakers"].astype(int))

        train, test = part("train"), part("test")
    if validate:
        fifth = np.arange(len(train[0])) % 5 == 0  # of each speaker, as they stand in order
        train, test = (
            tuple([x for x, chosen in zip(xs, mask, strict=True) if chosen] for xs in train)
            for mask in (~fifth, fifth)
        )
    return train, test


class Listener(nn.Module):
    """The logits of the speakers after each frame."""

    def __init__(self, cell: str, rng: random.Random) -> None:
        kind = {"lstm": nn.LSTM, "rnn": nn.RNN}[cell]
        self.recurrent = kind(12, HIDDEN, rng=rng)
        self.speaker = nn.Linear(HIDDEN, SPEAKERS, rng=rng)

    def forward(self, utterance: np.ndarray) -> list[list[Value]]:
        hidden, _ = self.recurrent(utterance)
        return self.speaker(hidden)


def draw(losses: list[float], test: Part, heard: list[np.ndarray], path: Path) -> None:
    """The loss, who is taken for whom, and one utterance with the beliefs after each frame.

    heard  the probability of each speaker after each frame, for each utterance: (frames, speakers)
    """
    utterances, speakers = test
    figure = sheet(7.4)
    (learning, confusion), (sound, mind) = figure.subplots(2, 2)
    draw_losses(learning, losses, 27)
    learning.set_yscale("log")
    guesses = [belief[-1].argmax() for belief in heard]
    draw_confusion(confusion, speakers, guesses)
    confusion.set(xlabel="recognised as", ylabel="speaker")

    # Of those that are recognised, the one that was taken for others for longest.
    doubts = [np.sum(b.argmax(axis=1) != y) for b, y in zip(heard, speakers, strict=True)]
    i = np.argmax(np.equal(guesses, speakers) * doubts)
    image = sound.imshow(utterances[i].T, cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
    sound.set(
        xlabel="frame", ylabel="cepstral coefficient", title=f"Speaker {speakers[i]} says /ae/"
    )
    figure.colorbar(image, ax=sound, label="standard deviations off the mean")
    image = mind.imshow(heard[i].T, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    mind.set(xlabel="frame", ylabel="speaker", yticks=range(SPEAKERS))
    for axes in (sound, mind):
        axes.xaxis.get_major_locator().set_params(integer=True)
    mind.set_title("Who the network takes him for")
    figure.colorbar(image, ax=mind, label="probability")
    for axes in (sound, mind):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(path)


def main() -> None:
    parser = command_line(__doc__, "1 epoch, for over 80%% accuracy")
    parser.add_argument("--cell", choices=["lstm", "rnn"], default="lstm", help="(lstm)")
    parser.add_argument("--validate", action="store_true", help="test on a fifth set aside")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    noise = np.random.default_rng(options.seed).normal
    train, test = load(options.validate)
    model = Listener(options.cell, rng)

    def loss(utterance: np.ndarray, speaker: np.integer) -> Value:
        return nn.cross_entropy(model(utterance)[-1], speaker)

    if not options.eager:
        loss = autograd_lite.compile(loss)  # recorded once for each length of utterances

    bar = epochs(1 if options.quick else 24, *train, 10, rng)
    optimizer = nn.optim.AdamW(model.parameters(), lr=0.03, weight_decay=0.1)
    schedule = nn.optim.CosineAnnealingLR(optimizer, bar.total)
    losses = []
    start = time.perf_counter()
    for xs, ys in bar:
        heard = [(x + noise(0, NOISE, x.shape), y) for x, y in zip(xs, ys, strict=True)]
        error = sum(loss(x, y) for x, y in heard) / len(heard)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        bar.set_postfix(loss=f"{np.mean(losses[-27:]):.3f}", refresh=False)
    seconds = time.perf_counter() - start

    with no_grad():
        heard_in_test = [data([softmax(z) for z in model(x)]) for x in test[0]]
    accuracy = np.mean(np.equal([belief[-1].argmax() for belief in heard_in_test], test[1]))
    print(f"{options.cell}: speaker accuracy {accuracy:.1%} after {seconds:.1f} s of training")
    print_gain(loss, *heard[0])
    draw(losses, test, heard_in_test, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
