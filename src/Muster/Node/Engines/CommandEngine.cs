using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>Runs a program that a YAML file describes.</summary>
internal sealed class CommandEngine(CommandEngineFile file) : IEngine
{
    public string Name => file.Name;
    public string Version => file.Version;
    public IReadOnlyList<OptionDescription> Options => file.Options;
    public IReadOnlyList<string> Results => file.Results;

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        var progress = file.Progress is { } pattern ? new OutputProgress(work, OutputProgress.By(pattern)) : null;
        var code = await EngineProcess.RunAsync(
            work,
            new(Words(work), work.Folder) { Environment = file.Env },
            () => progress?.Tick(),
            () => Task.CompletedTask,
            ct
        );
        return code == 0 ? null : file.Errors.GetValueOrDefault(code) ?? OdmResults.ErrorOf(code);
    }

    private List<string> Words(EngineWork work) =>
        [
            .. file.Command.SelectMany(word =>
                word == "{options}"
                    ? OptionWords.Of(work.Options)
                    :
                    [
                        word.Replace("{project}", work.Folder, StringComparison.Ordinal)
                            .Replace("{images}", work.Images, StringComparison.Ordinal)
                            .Replace("{uuid}", work.Uuid, StringComparison.Ordinal),
                    ]
            ),
        ];
}
