# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make install` puts on a machine: programs that run, manual pages and completions that say
what the programs' own --help says, no more and no less. An option that is new belongs into
docs/man/kpulse-NAME.1.scd, and its values, where it has any, into docs/completion/kpulse.bash."""

import os
import pathlib
import re
import shutil
import subprocess

import pexpect
import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
PAGES = sorted ((ROOT / "docs/man").glob ("kpulse-*.1.scd"))
PROGRAMS = [page.name.removeprefix ("kpulse-").removesuffix (".1.scd") for page in PAGES]
CHOICES = {"FORMAT", "VIEW"}  # Placeholders of values that are chosen from a list
LOADER = "/usr/share/bash-completion/bash_completion"


def run (*command, **options):
    return subprocess.run (command, capture_output=True, text=True, timeout=60, cwd=ROOT,
                           stdin=subprocess.DEVNULL, **options)


@pytest.fixture (scope="module")
def installed (tmp_path_factory):
    """A DESTDIR with everything below its usr."""
    folder = tmp_path_factory.mktemp ("installed")
    result = run ("make", "install", f"DESTDIR={folder}", "PREFIX=/usr")
    assert result.returncode == 0, result.stderr
    return folder / "usr"


# --- what --help and a manual page say --------------------------------------------------------

def options_of (text, line):
    """(letter, name, placeholder) -> what is said about it, as one line."""
    entries = list (re.finditer (line, text, re.MULTILINE))
    ends = [entry.start () for entry in entries[1:]] + [len (text)]
    return {entry.groups (): " ".join (text[entry.end ():end].split ())
            for entry, end in zip (entries, ends)}


def help_of (program, *tool):
    return run (ROOT / "bin" / program, *tool, "--help").stdout


def help_options (text):
    return options_of (text, r"^  (?:(-\S), |    )(--[a-z-]+)(?:[= ]([A-Z]\S*))?(?: |$)")


def rendered (program):
    page = ROOT / "build/man" / f"kpulse-{program}.1"
    result = run ("mandoc", "-T", "utf8", "-O", "width=200", page)
    assert result.returncode == 0, result.stderr
    return re.sub (r".\x08", "", result.stdout)


def section (text, name):
    return re.search (rf"^{name}\n(.*?)(?=^\S)", text, re.MULTILINE | re.DOTALL)[1]


def page_options (program):
    return options_of (section (rendered (program), "OPTIONS"),
                       r"^ {7}(?:(-\S), )?(--[a-z-]+)(?:[= ]([A-Z]\S*))?$")


def choices_of (program, option):
    """The values that the program itself names when it is given another."""
    message = run (ROOT / "bin" / program, f"{option}=?").stderr
    found = re.search (r"there are (.*) \(see", message)
    assert found, f"{program} {option}=? does not say what there is: {message}"
    return set (re.split (r", | and ", found[1]))


# --- the installed tree -----------------------------------------------------------------------

def test_every_program_for_users_is_installed_with_page_and_completion (installed):
    assert {"probe", "publisher", "broker", "subscriber", "client"} <= set (PROGRAMS)
    names = {f"kpulse-{program}" for program in PROGRAMS}
    assert set (os.listdir (installed / "bin")) == names
    assert set (os.listdir (installed / "share/man/man1")) == {f"{name}.1" for name in names}
    assert set (os.listdir (installed / "share/bash-completion/completions")) == {"kpulse"} | names
    for program in PROGRAMS:
        version = run (installed / "bin" / f"kpulse-{program}", "--version")
        assert (version.returncode, version.stderr) == (0, "")
        assert re.match (rf"{program} \(kpulse\) \d", version.stdout)


def test_programs_name_themselves_as_they_were_started (installed):
    for program in PROGRAMS:
        started = installed / "bin" / f"kpulse-{program}"
        text = run (started, "--help").stdout
        assert re.search (rf"^Usage: kpulse-{program} ", text, re.MULTILINE)
        assert re.search (rf"^  kpulse-{program} ", text, re.MULTILINE), "its examples"
        assert not re.search (rf"^ *{program} [^(]", text, re.MULTILINE)
        assert run (started, "--nonsense").stderr.startswith (f"kpulse-{program}: ")
    client = installed / "bin/kpulse-client"
    missing = installed / "missing"
    assert run (client, "-f", missing).stderr.startswith (f"kpulse-client: {missing}: ")


def test_examples_and_manuals_are_installed (installed):
    documents = installed / "share/doc/kpulse"
    assert (documents / "README.md").exists ()
    assert {path.name for path in (documents / "examples").iterdir ()} == \
        {path.name for path in (ROOT / "docs/examples").iterdir ()}
    for program in PROGRAMS:
        for path in re.findall (r"PREFIX/share/doc/kpulse/(\S*\w)", rendered (program)):
            assert (documents / path).exists (), f"kpulse-{program}(1) names {path}"


def test_uninstalling_leaves_what_was_there_before (tmp_path):
    folder = tmp_path / "usr/bin"
    folder.mkdir (parents=True)
    (folder / "another").touch ()
    for target in ("install", "uninstall"):
        assert run ("make", target, f"DESTDIR={tmp_path}", "PREFIX=/usr").returncode == 0
    left = [path for path in tmp_path.rglob ("*") if not path.is_dir ()]
    assert left == [folder / "another"]


def test_what_the_build_misses_is_named_with_its_packages (tmp_path):
    for command in ("sh", "sed", "find", "uname", "mkdir", "touch"):
        (tmp_path / command).symlink_to (shutil.which (command))
    page = tmp_path / "build/man/kpulse-client.1"
    result = run (shutil.which ("make"), f"BUILD={tmp_path}/build", page,
                  env={"PATH": str (tmp_path)})
    assert result.returncode != 0
    assert re.search ("missing Debian packages: pkg-config gcc .*re2c scdoc libbpf-dev .*"
                      "'make deps' installs them.", result.stderr)
    assert not page.exists ()


# --- manual pages -----------------------------------------------------------------------------

@pytest.mark.parametrize ("program", PROGRAMS)
def test_a_page_renders_without_faults (program):
    report = run ("mandoc", "-T", "lint", "-W", "warning",
                  ROOT / "build/man" / f"kpulse-{program}.1").stdout
    faults = [line for line in report.splitlines () if "skipping paragraph macro" not in line]
    assert faults == []  # Empty paragraphs are how scdoc writes; readers see none of them
    for name in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES",
                 "SEE ALSO"):
        assert section (rendered (program), name).strip ()


@pytest.mark.parametrize ("program", PROGRAMS)
def test_a_page_has_the_options_of_help_with_their_defaults_and_no_others (program):
    said, written = help_options (help_of (program)), page_options (program)
    assert set (written) == set (said)
    for option, text in said.items ():
        for default in re.findall (r"\(default: [^)]*\)", text):
            assert default in written[option], option


@pytest.mark.parametrize ("program", PROGRAMS)
def test_a_page_has_the_exit_codes_of_help (program):
    said = re.split ("exit codes:?", help_of (program), flags=re.IGNORECASE)[1]
    codes = re.findall (r"(?<!\S)(\d) [A-Za-z]", " ".join (said.split ()))
    assert codes
    assert re.findall (r"^ {7}(\d)$", section (rendered (program), "EXIT STATUS"),
                       re.MULTILINE) == codes


@pytest.mark.parametrize ("program", PROGRAMS)
def test_a_page_uses_options_and_names_pages_that_exist (program):
    examples = section (rendered (program), "EXAMPLES").replace ("\\\n", " ")
    for command, words in re.findall (r"kpulse-(\w+)([^|&\n]*)", examples):
        known = {name for option in page_options (command) for name in option[:2]}
        assert set (re.findall (r" (--[a-z-]+)", words)) <= known, command
    assert set (re.findall (r"kpulse-(\w+)\(1\)", rendered (program))) <= set (PROGRAMS)


# --- completion -------------------------------------------------------------------------------

@pytest.fixture
def complete (installed):
    """What bash offers for the last word, with the file loaded as bash-completion loads it."""
    script = f'. {LOADER}; _completion_loader "$1"; COMP_WORDS=("${{@:2}}"); ' \
             'COMP_CWORD=$(($# - 2)); _kpulse "$1" "${@: -1}" "${@: -2:1}"; ' \
             '[ ${#COMPREPLY[@]} = 0 ] || printf "%s\\n" "${COMPREPLY[@]}"'

    def complete_line (line, **options):
        # Bash takes = and : for words of their own
        words = [word for blank in line.split (" ") for word in re.split ("([=:]+)", blank)
                 if word or not blank]
        if words[-1] in ("=", ":"):
            words.append ("")
        result = run ("bash", "--norc", "-c", script, "bash", words[0], *words,
                      env={**os.environ, "XDG_DATA_DIRS": str (installed / "share"),
                           "PATH": f"{installed / 'bin'}:{os.environ['PATH']}",
                           "COMP_LINE": line, "COMP_POINT": str (len (line))}, **options)
        return set (result.stdout.splitlines ())
    return complete_line


@pytest.mark.parametrize ("program", PROGRAMS)
def test_completion_offers_the_options_of_help_and_no_others (complete, program):
    said = {name for _, name, _ in help_options (help_of (program))}
    assert {word.rstrip ("=") for word in complete (f"kpulse-{program} -")} == said


@pytest.mark.parametrize ("program", PROGRAMS)
def test_completion_goes_on_after_a_switch (complete, program):
    for letter, name, placeholder in help_options (help_of (program)):
        for switch in {letter or name, name} if not placeholder else ():
            assert "--help" in complete (f"kpulse-{program} {switch} --"), switch


def test_completion_offers_the_options_that_a_tool_of_the_probe_has (complete):
    for tool in ("cpudist", "runqlat", "pidpersec"):
        said = {name for _, name, _ in help_options (help_of ("probe", tool))}
        assert complete (f"kpulse-probe {tool} --") == said
    assert complete ("kpulse-probe ") == {"cpudist", "runqlat", "pidpersec"}


def test_completion_and_page_have_the_values_that_a_program_takes (complete):
    checked = set ()
    for program in PROGRAMS:
        for option in help_options (help_of (program)):
            _, name, placeholder = option
            if placeholder not in CHOICES:
                continue
            choices = choices_of (program, name)
            assert complete (f"kpulse-{program} {name} ") == choices
            assert complete (f"kpulse-{program} {name}=") == choices
            assert all (re.search (rf"\b{choice}\b", page_options (program)[option])
                        for choice in choices)
            checked.add ((program, name))
    assert {("client", "--format"), ("subscriber", "--format")} <= checked


def test_completion_of_sources_goes_on_after_a_colon (complete):
    assert complete ("kpulse-publisher --source ") == \
        {"bpf", "replay:", "synthetic:busy", "synthetic:idle"}
    assert complete ("kpulse-publisher --source synthetic:b") == {"busy"}


def test_completion_offers_files_and_folders (complete, tmp_path):
    (tmp_path / "waits.json").touch ()
    (tmp_path / "broker.zpl").touch ()
    (tmp_path / "store").mkdir ()
    below = f"{tmp_path}/"
    every = {f"{below}{name}" for name in ("waits.json", "broker.zpl", "store")}
    assert complete (f"kpulse-frames print {below}") == every
    assert complete (f"kpulse-client -f {below}") == every
    assert complete (f"kpulse-broker --store {below}") == {f"{below}store"}
    assert complete (f"kpulse-broker --config {below}b") == {f"{below}broker.zpl"}


def test_completion_offers_cgroups_by_path_and_by_folder (complete, cgroup):
    assert complete ("kpulse-probe cpudist -c /kpulse-t") == {f"/{cgroup.name}/"}
    assert complete (f"kpulse-publisher --cgroup {cgroup}") == {f"/{cgroup.name}/"}


def test_completion_offers_metrics_one_after_the_other (complete):
    rows = re.findall (r"^METRIC \((\w+), +(\w+)", (ROOT / "schema/metrics.def").read_text (),
                       re.MULTILINE)
    metrics = {name for row in rows for name in row}
    assert complete ("kpulse-subscriber ") == metrics | {"from"}
    assert complete ("kpulse-subscriber runqlat,off") == {"runqlat,offcpu"}


def test_completion_leaves_values_alone_that_it_cannot_guess (complete):
    assert complete ("kpulse-client --timeout ") == set ()
    assert complete ("kpulse-subscriber -n ") == set ()
    assert complete ("kpulse-client --command=") == set ()


@pytest.mark.skipif (os.geteuid () != 0, reason="network namespaces need root")
def test_completion_offers_the_nodes_that_the_coordinator_knows (installed, tmp_path):
    # In a network namespace of its own the coordinator has its usual port.
    script = f"""ip link set lo up; cd {tmp_path}
        {installed}/bin/kpulse-broker >broker.log 2>&1 & broker=$!
        {installed}/bin/kpulse-publisher -N 3 --source synthetic:idle >n3.log 2>&1 & worker=$!
        for i in $(seq 100); do
            {installed}/bin/kpulse-client -e tcp://127.0.0.1:7002 -c 'show nodes' 2>&1 |
                grep -q n3 && break
            sleep 0.1
        done
        . {LOADER}; . {installed}/share/bash-completion/completions/kpulse
        _kpulse_nodes {installed}/bin/kpulse-subscriber
        kill $broker $worker; wait"""
    result = run ("unshare", "--net", "bash", "--norc", "-c", script)
    assert result.stdout.split () == ["n3"], result.stderr


def test_completion_completes_what_is_typed_at_a_terminal (installed):
    environment = {**os.environ, "XDG_DATA_DIRS": str (installed / "share"), "PS1": "ready> ",
                   "PATH": f"{installed / 'bin'}:{os.environ['PATH']}", "TERM": "dumb"}
    bash = pexpect.spawn ("bash", ["--norc", "-i"], encoding="utf-8", timeout=20, env=environment)
    bash.sendline (f". {LOADER}; echo lo''aded")
    bash.expect ("loaded.*ready> ")
    for typed, completed in (("kpulse-cl", "kpulse-client "), ("--for", "--format="),
                             ("nd", "ndjson ")):
        bash.send (f"{typed}\t")
        bash.expect_exact (completed)
    bash.close (force=True)
