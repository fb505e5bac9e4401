# bash completion for proctor
# SPDX-License-Identifier: LGPL-2.1-or-later

# Of the verbs run and trace.
_proctor_run()
{
    local cur prev words cword split i own_options=
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
            -f | --from | -j | --jobs | -t | --timeout | --grace | --stop-plan | --max-output | -C | --cwd | -e | --env | \
                -i | --input | --stdin | --stdout | --stderr | -o | --format | --output | \
                --user | --group | --extra-groups | --umask | --rlimit | --nice | --cpus | --io-priority | \
                --oom-score-adj | --cgroup | --ignore-signal | --argv0 | --optional)
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
        -f | --from | -i | --input | --stdin | --stdout | --stderr | -o | --output)
            _filedir
            return
            ;;
        --format)
            COMPREPLY=($(compgen -W 'text chrome svg' -- "$cur"))
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
        --cgroup)
            _filedir -d
            return
            ;;
        --user)
            COMPREPLY=($(compgen -u -- "$cur"))
            return
            ;;
        --group | --extra-groups)
            COMPREPLY=($(compgen -g -- "$cur"))
            return
            ;;
        --rlimit)
            COMPREPLY=($(compgen -S = -W 'AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC
                RSS RTPRIO RTTIME SIGPENDING STACK' -- "$cur"))
            compopt -o nospace
            return
            ;;
        --io-priority)
            COMPREPLY=($(compgen -W 'none idle best-effort realtime' -- "$cur"))
            return
            ;;
        --ignore-signal)
            COMPREPLY=($(compgen -A signal -- "$cur"))
            return
            ;;
        --optional)
            COMPREPLY=($(compgen -W 'rlimits nice cpu-affinity io-priority oom-score-adj cgroup' -- "$cur"))
            return
            ;;
        --max-output)
            [[ $cur =~ ^[0-9]+[KMG]?: ]] &&
                COMPREPLY=($(compgen -W 'fail head tail' -- "${cur##*:}"))
            return
            ;;
        -j | --jobs | -t | --timeout | --grace | --stop-plan | --umask | --nice | --cpus | --oom-score-adj | --argv0)
            return
            ;;
    esac
    $split && return

    [[ ${words[1]} == trace ]] && own_options='--format= --output='
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$own_options --shell --from= --jobs= --timeout= --grace= --stop-plan= --tree
            --max-output= --cwd= --env= --input= --capture --json --label --stdin= --stdout= --stderr=
            --append --pty --pipe --pipefail --user= --group= --extra-groups=
            --umask= --rlimit= --nice= --cpus= --io-priority= --oom-score-adj= --cgroup= --no-new-privs
            --die-with-parent --ignore-signal= --argv0= --optional= --help --help-process
            --help-all" -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
    elif [[ ! $shell ]]; then
        _command_offset $cword
    fi
}

_proctor_bench()
{
    local cur prev words cword split
    _init_completion -s -n = || return

    case $prev in
        --json | --plot | --from)
            _filedir
            return
            ;;
        --peer-dir)
            _filedir -d
            return
            ;;
        -p | --peers)
            COMPREPLY=($(compgen -W 'floor libuv asyncio gsubprocess proctor' -- "$cur"))
            return
            ;;
        -r | --rounds)
            return
            ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '--peers= --rounds= --quick --json= --plot= --from= --peer-dir= --list --help' -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
    else
        COMPREPLY=($(compgen -W "$("${words[0]}" bench --list 2>/dev/null | cut -d' ' -f1)" -- "$cur"))
    fi
}

_proctor_inspect()
{
    local cur prev words cword split
    _init_completion -s -n =: || return

    case $prev in
        -w | --why | --stop)
            _pids
            return
            ;;
        --signal)
            if [[ $cur == *:* ]]; then
                local signal=${cur%%:*}
                cur=${cur#*:}
                _pids
                COMPREPLY=("${COMPREPLY[@]/#/$signal:}")
            else
                COMPREPLY=($(compgen -A signal -S : -- "$cur"))
                compopt -o nospace
            fi
            return
            ;;
        --interval)
            return
            ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '--why= --follow --interval= --signal= --stop= --json --help' -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
    else
        _pids
    fi
}

_proctor()
{
    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == run || ${COMP_WORDS[1]} == trace ]]; then
        _proctor_run
        return
    fi

    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == inspect ]]; then
        _proctor_inspect
        return
    fi

    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == bench ]]; then
        _proctor_bench
        return
    fi

    local cur prev words cword
    _init_completion || return
    if ((cword == 1)); then
        COMPREPLY=($(compgen -W 'run trace inspect tree doctor --help --version' -- "$cur"))
    elif [[ ${words[1]} == tree && $cur != -* ]]; then
        COMPREPLY=($(compgen -W "$(ps -eo pid= 2>/dev/null)" -- "$cur"))
    elif [[ ${words[1]} == tree ]]; then
        COMPREPLY=($(compgen -W '--json --help' -- "$cur"))
    elif [[ ${words[1]} == doctor ]]; then
        COMPREPLY=($(compgen -W '--json --help' -- "$cur"))
    fi
} &&
    complete -F _proctor proctor
