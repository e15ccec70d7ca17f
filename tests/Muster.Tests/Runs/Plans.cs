namespace Muster.Runs;

/// <summary>The plan of a run that does nothing, where a test is about something else.</summary>
internal static class Plans
{
    public static RunPlan Nothing() =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "here",
            Command = ["true"],
            WorkingFolder = "/",
        };
}
