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
            -f | --from | -j | --jobs | -t | --timeout | --grace | --stop-plan | --max-output | -C | --cwd | -e | --env | -i | --input)
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
        -f | --from | -i | --input)
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
        --max-output)
            [[ $cur =~ ^[0-9]+[KMG]?: ]] &&
                COMPREPLY=($(compgen -W 'fail head tail' -- "${cur##*:}"))
            return
            ;;
        -j | --jobs | -t | --timeout | --grace | --stop-plan)
            return
            ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '--shell --from= --jobs= --timeout= --grace= --stop-plan= --tree --max-output= --cwd= --env= --input=
            --capture --json --label --help' -- "$cur"))
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
