# bash completion for proctor
# SPDX-License-Identifier: LGPL-2.1-or-later

_proctor_run()
{
    local cur prev words cword split i
    _init_completion -s -n = || return

    # Once the command has begun, its own completion is wanted; with --shell each word is a script.
    local shell=
    for ((i = 2; i < cword; i++)); do
        case ${words[i]} in
            --)
                [[ $shell ]] || _command_offset $((i + 1))
                return
                ;;
            -s | --shell)
                shell=yes
                ;;
            -f | --from | -j | --jobs | -t | --timeout | --grace | -C | --cwd | -e | --env | -i | --input | \
                --stdin | --stdout | --stderr)
                ((i++))
                ;;
            -*) ;;
            *)
                [[ $shell ]] || _command_offset $i
                return
                ;;
        esac
    done

    case $prev in
        -f | --from | -i | --input | --stdin | --stdout | --stderr)
            _filedir
            return
            ;;
        -C | --cwd)
            _filedir -d
            return
            ;;
        -e | --env)
            COMPREPLY=($(compgen -v -S = -- "$cur"))
            compopt -o nospace
            return
            ;;
        -j | --jobs | -t | --timeout | --grace)
            return
            ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '--shell --from= --jobs= --timeout= --grace= --cwd= --env= --input=
            --capture --json --label --stdin= --stdout= --stderr= --append --pty --pipe --pipefail --help' -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
    elif [[ ! $shell ]]; then
        _command_offset $cword
    fi
}

_proctor()
{
    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == run ]]; then
        _proctor_run
        return
    fi

    local cur prev words cword
    _init_completion || return
    ((cword == 1)) && COMPREPLY=($(compgen -W 'run --help --version' -- "$cur"))
} &&
    complete -F _proctor proctor
