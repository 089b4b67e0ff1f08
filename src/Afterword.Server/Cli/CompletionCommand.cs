using System.CommandLine;
using System.Text;

namespace Afterword.Server.Cli;

/// <summary><c>afterword completion bash</c>: prints a script by which a shell completes commands, options and their values.</summary>
internal static class CompletionCommand
{
    private const string Bash = "bash";
    private const string Zsh = "zsh";

    // What a value is, for the script: a path, or nothing that could be offered.
    private const string File = "FILE";
    private const string Folder = "DIR";
    private const string Any = "ANY";

    // Zsh reads what is made for bash once it is told to.
    private const string ForZsh =
        """
        #compdef afterword
        autoload -U +X bashcompinit && bashcompinit

        """;

    // What follows the tables. No command runs at the Tab key: the words are those of the program that made the script.
    private const string Function =
        """
        _afterword() {
            local at word words path='' current=${COMP_WORDS[COMP_CWORD]} IFS=$' \n'
            COMPREPLY=()

            # The command as far as it is written; what is no command is an option, a value or an argument.
            for ((at = 1; at < COMP_CWORD; at++)); do
                word=${COMP_WORDS[at]}
                if [ -n "$(_afterword_words "$path $word")" ]; then path="$path $word"; fi
            done

            words=$(_afterword_values "$path ${COMP_WORDS[COMP_CWORD - 1]}")
            if [ -z "$words" ]; then words="$(_afterword_words "$path") $(_afterword_values "$path")"; fi
            IFS=$'\n'
            case " $words " in
                *' FILE '*) COMPREPLY+=($(compgen -f -- "$current")) && compopt -o filenames 2>/dev/null ;;
                *' DIR '*) COMPREPLY+=($(compgen -d -- "$current")) && compopt -o filenames 2>/dev/null ;;
            esac
            IFS=$' \n'
            for word in $words; do
                case $word in FILE | DIR | ANY) ;; "$current"*) COMPREPLY+=("$word") ;; esac
            done
        }

        complete -F _afterword afterword
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong(Bash, Zsh);
        var command = new Command("completion", "Print a script that completes commands in a shell. Example: source <(afterword completion bash)") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.Write(
            (parsed.GetRequiredValue(shell) == Zsh ? ForZsh : "") + Script(parsed.RootCommandResult.Command)));
        return command;
    }

    private static string Script(Command root)
    {
        var (words, values) = (new StringBuilder(), new StringBuilder());
        Write(root, "");
        return $"# Completion of afterword, made by: afterword completion bash\n# shellcheck shell=bash disable=SC2207\n"
            + $"_afterword_words() {{\n    case $1 in\n{words}    esac\n}}\n\n_afterword_values() {{\n    case $1 in\n{values}    esac\n}}\n\n{Function}\n";

        void Write(Command command, string path)
        {
            var context = root.Parse($"{path} ").GetCompletionContext();
            Case(words, path, command.GetCompletions(context).Select(item => item.Label).Where(IsTyped));

            var files = command.Arguments.Select(argument => Kind(argument.Name)).Where(kind => kind != Any).ToArray();
            if (files.Length > 0) Case(values, path, files);
            foreach (var option in command.Options.Where(TakesValue))
            {
                // One that all commands below take is told once.
                var choices = option.GetCompletions(context).Select(item => item.Label).ToArray();
                foreach (var name in option.Aliases.Append(option.Name).Where(IsTyped)) Case(values, $"{path} {name}", choices is [] ? [Kind(option.HelpName)] : choices, below: option.Recursive);
            }

            foreach (var subcommand in command.Subcommands.Where(one => !one.Hidden)) Write(subcommand, $"{path} {subcommand.Name}");
        }
    }

    /// <summary>What a value is, by the name that help gives it.</summary>
    private static string Kind(string? name) =>
        name?.StartsWith(File, StringComparison.Ordinal) == true ? File : name?.StartsWith(Folder, StringComparison.Ordinal) == true ? Folder : Any;

    private static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool) && !option.Hidden;

    // Help can also be asked for as on Windows.
    private static bool IsTyped(string word) => word[0] != '/' && !word.Contains('?', StringComparison.Ordinal);

    private static void Case(StringBuilder cases, string path, IEnumerable<string> words, bool below = false) =>
        cases.Append("        ").Append(below ? "*" : "").Append('\'').Append(path).Append("') echo '").AppendJoin(' ', words.Distinct()).Append("' ;;\n");
}
