using System.Globalization;
using Muster.Hosts;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>Built in: reads what the photos say of themselves, and tells how the flight went.</summary>
/// <param name="patience">How long a survey may take; null: as long as so many photos should.</param>
public sealed class SurveyEngine(TimeSpan? patience = null) : IEngine
{
    /// <summary>The command, hidden from people, that makes the survey of a project.</summary>
    public const string Verb = "survey-project";

    private const long MostMemory = 1L << 30;

    public string Name => "survey";
    public string Version => "1.0.0";
    public IReadOnlyList<string> Results { get; } = ["survey", "images.json", "task_output.txt"];

    public IReadOnlyList<OptionDescription> Options { get; } =
    [
        new()
        {
            Name = "flight-height",
            Type = "float",
            Value = "0",
            Domain = new("positive float"),
            Help = "Meters above the ground, where photos do not say it; 0 for not known. Default: %(default)s",
        },
        new()
        {
            Name = "max-concurrency",
            Type = "int",
            Value = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            Domain = new("positive integer"),
            Help = "Most photos that are read at once. Default: %(default)s",
        },
    ];

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        // Nobody knows what is in photos: they are read by a process of its own, which can be ended whatever it does.
        var most = patience ?? TimeSpan.FromMinutes(5) + (TimeSpan.FromSeconds(1) * work.Photos().Count);
        string Of(string name) => work.Option(name) ?? Options.First(option => option.Name == name).Value;
        string[] words =
        [
            .. OwnProgram.Words,
            Verb,
            work.Folder,
            "--flight-height",
            Of("flight-height"),
            "--max-concurrency",
            Of("max-concurrency"),
        ];
        var command = new EngineCommand(words, work.Folder)
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_GCHeapHardLimit"] = MostMemory.ToString("x", CultureInfo.InvariantCulture),
            },
        };
        using var limit = new CancellationTokenSource(most);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return OdmResults.ErrorOf(
                await EngineProcess.RunAsync(work, command, () => { }, () => Task.CompletedTask, either.Token)
            );
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            work.Output.Say($"The survey took longer than {most.TotalMinutes:0.##} minutes and was ended.");
            return OdmResults.ErrorOf(1);
        }
    }
}
