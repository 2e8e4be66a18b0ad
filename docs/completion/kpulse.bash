# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2207 # Words are split on purpose
# kpulse.bash - what bash completes after kpulse-client and the others. Options are read from the
# program's own --help, so that none is ever missing; what values they take stands below.
# Needs Debian's bash-completion, which loads this file by the program's name.

# Words that may stand at the cursor. Colons in them are no ends of words.
_kpulse_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
    __ltrim_colon_completions "$cur"
}

# The last word of a list with commas; what stands before it stays.
_kpulse_list() {
    local before=
    [[ $cur == *,* ]] && before=${cur%,*},
    COMPREPLY=($(compgen -P "$before" -W "$1" -- "${cur##*,}"))
}

# Cgroups: /system.slice/nginx.service, or the folder below where cgroup2 is mounted.
_kpulse_cgroups() {
    local root
    root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
    [[ $root ]] || return
    [[ $cur == "$root"* ]] && cur=${cur#"$root"}
    compopt -o nospace
    mapfile -t COMPREPLY < <(compgen -d -S / -- "$root/${cur#/}")
    COMPREPLY=("${COMPREPLY[@]#"$root"}")
}

# Names of the nodes that the coordinator of this machine knows, if there is one.
_kpulse_nodes() {
    local coordinator=tcp://127.0.0.1:7002
    "${1%subscriber}client" --endpoint $coordinator --timeout 1 --format tsv -c 'show nodes' \
        2>/dev/null </dev/null | tail -n +2 | cut -f1
}

# The value of the option in $prev; fails where $prev takes none.
_kpulse_value() {
    case $2:$prev in
    *:--config) _filedir zpl ;;
    *:--store) _filedir -d ;;
    probe:-d | probe:--data) _filedir ;;
    client:-f | client:--file) _filedir ;;
    probe:-p | probe:--pid | publisher:-p | publisher:--pid) _pids ;;
    probe:-c | probe:--cgroup | publisher:-c | publisher:--cgroup) _kpulse_cgroups ;;
    client:--format) _kpulse_words "auto table vertical csv tsv json ndjson heat" ;;
    subscriber:--format) _kpulse_words "text ndjson csv msgpack" ;;
    subscriber:-v | subscriber:--view) _kpulse_words "lines hist heat top" ;;
    publisher:--source) _kpulse_words "bpf replay: synthetic:busy synthetic:idle" ;;
    publisher:--coordinator) _kpulse_words "none tcp://127.0.0.1:7002" ;;
    publisher:--advertise) _ip_addresses ;;
    client:-e | client:--endpoint | subscriber:-e | subscriber:--endpoint | broker:--answer)
        _kpulse_words tcp://127.0.0.1:7002
        ;;
    subscriber:-l | subscriber:--live | broker:--live) _kpulse_words tcp://127.0.0.1:7001 ;;
    # What cannot be guessed: a number, a name, a statement.
    *) [[ $prev == -* ]] && "$1" --help 2>/dev/null |
        grep -qE -- "^ {2,6}(-., )?${prev/\?/\\?}(, --[a-z-]+)?[= ][A-Z]"
        return
        ;;
    esac
    return 0
}

# First of the words after the program's name that is one of those given.
_kpulse_chosen() {
    local word
    for word in "${words[@]:1:cword-1}"; do
        [[ " $1 " == *" $word "* ]] && echo "$word" && return
    done
}

# The options in a program's --help, or in that of a tool of it; examples stand further to the right
# there, or at the margin.
_kpulse_options() {
    local options
    options=$("$1" ${2:+"$2"} --help 2>/dev/null </dev/null | grep -E '^ {2,6}-' | _parse_help -)
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
}

_kpulse_operand() {
    case $2 in
    probe) [[ $3 ]] || _kpulse_words "cpudist runqlat pidpersec" ;;
    frames) if [[ $3 ]]; then _filedir; else _kpulse_words "print json convert replay"; fi ;;
    audit) _filedir -d ;;
    subscriber)
        if [[ $3 ]]; then
            _kpulse_list "$(_kpulse_nodes "$1")"
        else
            _kpulse_list "cpudist cpu offcpu runqlat pidpersec from"
        fi
        ;;
    esac
}

_kpulse() {
    local cur prev words cword split program chosen
    _init_completion -s -n : || return
    program=${1##*/}
    program=${program#kpulse-}
    if _kpulse_value "$1" "$program" || $split; then
        return
    fi
    case $program in
    probe) chosen=$(_kpulse_chosen "cpudist runqlat pidpersec") ;;
    frames) chosen=$(_kpulse_chosen "print json convert replay") ;;
    subscriber) chosen=$(_kpulse_chosen from) ;;
    esac
    case $program:$cur in
    probe:-*) _kpulse_options "$1" "$chosen" ;;
    *:-*) _kpulse_options "$1" ;;
    *) _kpulse_operand "$1" "$program" "$chosen" ;;
    esac
}

complete -F _kpulse kpulse-{probe,publisher,broker,subscriber,client,frames,audit}
