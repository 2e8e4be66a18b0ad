# SPDX-License-Identifier: GPL-2.0-or-later
"""The gap, backfill and ingest logic under seeded faults: nothing is lost unnoticed. Each seed is
300 s of 3 or 4 workers, a broker and 5 to 14 faults; see simulate.c."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
SIMULATE = ROOT / "build/tests/simulation/simulate"
PLANTS = ("drop-range", "accept-conflict", "forget-tail")


def simulate (*arguments):
    return subprocess.run ([SIMULATE, *map (str, arguments)], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL, timeout=300)


def test_ten_thousand_seeds_of_faults_lose_nothing_unnoticed ():
    run = simulate (1, 10000)
    assert run.returncode == 0, run.stderr
    seeds, faults, issued, refilled = map (int, re.findall (r"\d+", run.stdout)[:4])
    assert seeds == 10000
    assert faults >= 5 * seeds
    assert issued >= 3 * 200 * seeds
    assert refilled > 0, "the faults must lose frames, or nothing is proved"


@pytest.mark.parametrize ("plant", PLANTS)
def test_a_planted_bug_is_found_and_told_with_its_seed_and_faults (plant):
    run = simulate ("--plant", plant, 1, 1000)
    assert run.returncode == 1, f"{plant} was not found in 1000 seeds"
    assert re.search (r"seed \d+ breaks a promise: n\d epoch \d+ seq \d+: ", run.stderr)
    assert "the fewest faults that do" in run.stderr


@pytest.mark.parametrize ("plant", PLANTS)
def test_a_found_bug_is_repeated_by_its_seed (plant):
    seed = re.search (r"seed (\d+) breaks", simulate ("--plant", plant, 1, 1000).stderr)[1]
    first, second = (simulate ("--plant", plant, seed, 1) for _ in range (2))
    assert first.returncode == second.returncode == 1
    assert first.stderr == second.stderr


def test_the_planted_bugs_seeds_are_clean_without_them ():
    seed = re.search (r"seed (\d+) breaks", simulate ("--plant", PLANTS[0], 1, 1000).stderr)[1]
    assert simulate (seed, 1).returncode == 0


def test_a_wrong_word_is_a_usage_error ():
    assert simulate ("--plant", "nonsense", 1, 1).returncode == 2
