# What tools/demo and tools/check share. To be sourced, in the top folder of the project.

# step WHAT COMMAND…: runs a command whose output matters only if it fails.
step()
{
    local what=$1 log
    shift
    log=$(mktemp)
    echo "$what"
    if "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    cat "$log" >&2
    rm -f "$log"
    echo "This has failed: $*" >&2
    return 1
}

# configure FOLDER OPTION…: makes the build folder, or gives the options to the one that is there.
configure()
{
    local folder=$1
    shift
    if [ -f "$folder/build.ninja" ]; then
        [ $# -eq 0 ] || step "Configuring $folder/" meson configure "$folder" "$@"
    else
        step "Configuring $folder/" meson setup "$folder" "$@"
    fi
}

compile()
{
    step "Compiling in $1/" meson compile -C "$1"
}
