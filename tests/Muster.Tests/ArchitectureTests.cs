namespace Muster;

/// <summary>Calls run down the list of folders in docs/architecture.md, never up.</summary>
public sealed class ArchitectureTests
{
    /// <summary>From the top of the house to its ground. Folders of one line may use each other; Snapshots uses Transfers, never the other way round.</summary>
    private static readonly string[][] Floors =
    [
        ["Cli"], ["Dashboard"], ["Gateway"], ["Node"], ["NodeOdm"], ["Recipes"], ["Runs"], ["Snapshots"], ["Transfers"], ["Sites"], ["Hosts"], ["Scenes"], ["Storage"], ["Shell", "Faults"],
    ];

    private static readonly IReadOnlyList<Use> Uses = ProgramUses.Read(typeof(Faults.UserException).Assembly.Location);

    [Fact]
    public void Every_folder_has_its_floor() =>
        Assert.DoesNotContain(Uses.Select(use => use.Folder).Distinct(), folder => FloorOf(folder) is null);

    [Fact]
    public void Calls_run_down_the_house_and_never_up() =>
        Assert.Empty(Uses.Where(use => FloorOf(use.Folder) > FloorOf(ProgramUses.FolderOf(use.Used))).Select(use => $"{use.User} uses {use.Used}, a floor above it").Distinct());

    [Fact]
    public void Only_the_command_line_speaks_to_the_console() =>
        Assert.Empty(Uses.Where(use => use.Used == "System.Console" && use.Folder != "Cli").Select(use => $"{use.User} uses the console").Distinct());

    [Fact]
    public void The_reading_of_the_program_sees_what_is_used_in_method_bodies_signatures_and_state_machines()
    {
        // Were the reading blind, the facts above would hold for any program.
        Assert.Contains(Uses, use => use.User == "Muster.Cli.Terminal.Screen" && use.Used == "System.Console");
        Assert.Contains(Uses, use => use.User == "Muster.Cli.App" && use.Used == "Muster.Runs.RunStore");
        Assert.Contains(Uses, use => use.User == "Muster.Runs.Submit.Submission" && use.Used == "Muster.Snapshots.GitSnapshot");
        Assert.Contains(Uses, use => use.User == "Muster.Runs.RunStore" && use.Used == "Muster.Storage.SqliteFile");
    }

    private static int? FloorOf(string? folder) => Array.FindIndex(Floors, floor => floor.Contains(folder)) is >= 0 and var floor ? floor : null;
}
