using Muster.Node.Engines;

namespace Muster.Node;

/// <summary>Engines made of shell scripts, for the tests of what a node does with programs.</summary>
internal static class CommandNode
{
    /// <summary>
    /// Writes a description of an engine that runs the script with the project as its first word, and all options
    /// behind it.
    /// </summary>
    public static string Describe(string folder, string script, string more = "")
    {
        var path = Path.Combine(folder, "engine.yaml");
        File.WriteAllText(Path.Combine(folder, "work.sh"), script);
        File.WriteAllText(
            path,
            $$"""
            name: shell
            version: "1.2"
            command: [sh, "{{folder}}/work.sh", "{project}", "{options}"]
            progress: 'at ([0-9.]+)%'
            results: [out, task_output.txt]
            errors: { 7: out of luck }
            options:
              - { name: words, help: any }
              - { name: many, type: int, value: 1, domain: positive integer }
              - { name: loud, type: bool }
              - { name: kind, type: enum, value: a, domain: [a, b] }
            {{more}}
            """
        );
        return path;
    }

    public static IEngine Engine(string folder, string script) =>
        new CommandEngine(
            CommandEngineFile.Read(Describe(folder, script), new(folder, new Dictionary<string, string>()))
        );
}
