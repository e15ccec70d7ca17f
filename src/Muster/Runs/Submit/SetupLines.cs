using System.Text;

namespace Muster.Runs.Submit;

/// <summary>
/// A site's setup at the head of a job: one whole command after another, in the job's own shell. One that fails ends
/// the run.
/// </summary>
/// <remarks>
/// A command may be of several lines, which only a shell can tell: a line is added for as long as what there is does
/// not parse as the body of a function.
/// Where the job is stands in a record, so that a setup which ends the shell by itself (`exit`, `set -e`, a syntax
/// error) is known for what it is.
/// </remarks>
internal static class SetupLines
{
    public static string Of(IReadOnlyList<string> lines, bool ignoreErrors)
    {
        if (lines.Count == 0)
            return "";
        var end = "SETUP";
        while (lines.Contains(end))
            end += "_";
        var text = new StringBuilder();
        text.Append(
            $$"""
            # Setup, one command after another.
            muster_note={{(
                ignoreErrors ? "/dev/null" : "$MUSTER_STATUS/.setup.$MUSTER_ROLE.$MUSTER_RANK"
            )}} muster_line=0 muster_text=
            muster_setup() {
              printf 'setup line %s: %s\n' "$muster_from" "$muster_first" >"$muster_note"
            }
            muster_check() {
              [ "$1" -ne 0 ] || return 0
              echo "muster: setup line $muster_from ended with $1: $muster_first" >&2
              {{(ignoreErrors ? ":" : "exit \"$1\"")}}
            }
            while IFS= read -r muster_read <&9; do
              muster_line=$((muster_line + 1))
              [ -n "$muster_text" ] || { muster_from=$muster_line muster_first=$muster_read; }
              muster_text="$muster_text$muster_read
            "
              ( eval "muster_whole() {
            $muster_text}" ) >/dev/null 2>&1 || continue
              muster_setup
              eval "$muster_text"
              muster_check $?
              muster_text=
            done 9<<'{{end}}'

            """
        );
        foreach (var line in lines)
            text.Append(line).Append('\n');
        // What is left is a remark, or does not parse; then the shell says so.
        text.Append(
            $$"""
            {{end}}
            if [ -n "$muster_text" ]; then
              muster_setup
              eval "$muster_text"
              muster_check $?
            fi
            {{(ignoreErrors ? "" : "rm -f \"$muster_note\"")}}
            unset muster_note muster_line muster_text muster_from muster_first muster_read

            """
        );
        return text.ToString();
    }
}
