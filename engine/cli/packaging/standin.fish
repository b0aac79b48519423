# standin.fish - completion for fish. Standin itself says what may follow (standin complete); files are fish's own business.
function __standin_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path "$current"
            case ':folder'
                __fish_complete_directories "$current"
            case ':yaml'
                __fish_complete_suffix "$current" .yaml
                __fish_complete_suffix "$current" .yml
            case '*'
                echo $line
        end
    end
end
complete -c standin -f -a '(__standin_complete)'
