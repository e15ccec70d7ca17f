using Muster.Configuration;
using Muster.Faults;
using Muster.Node.Engines;

namespace Muster.Node;

/// <summary>Which engine a node gets.</summary>
public static class EngineChoice
{
    private const string DefaultOdm = "/code";
    private static readonly string[] Runtimes = ["apptainer", "singularity", "podman", "docker"];

    /// <param name="note">Is told which engine was taken where nobody named one, and why no other.</param>
    public static async Task<IEngine> OpenAsync(
        NodeConfig config,
        ConfigSources sources,
        Action<string> note,
        CancellationToken ct
    ) =>
        (config.Has("test") ? "test" : config.Text("engine") ?? "auto") switch
        {
            "auto" => await AutoAsync(config, note, ct),
            "odm" or "colmap" or "command" when !OperatingSystem.IsLinux() => throw new UserException(
                "a node runs programs on Linux only",
                "Use --engine survey here, or run the node in WSL, a container or a virtual machine."
            ),
            "odm" => await OdmEngine.OpenAsync(
                Home(config)
                    ?? throw new UserException(
                        $"there is no ODM in {config.Text("odm-path") ?? DefaultOdm}",
                        "Name its folder with --odm-path, or its image with --odm-image."
                    ),
                ct
            ),
            "colmap" => await ColmapEngine.FindAsync(ct)
                ?? throw new UserException(
                    "COLMAP is not on this machine, or does not run",
                    "Install it (apt-get install colmap), or choose another --engine."
                ),
            "survey" => new SurveyEngine(),
            "command" => new CommandEngine(
                CommandEngineFile.Read(
                    config.Text("engine-file")
                        ?? throw new UserException(
                            "--engine command needs a description of the program",
                            "Name its file with --engine-file; docs/node.md shows one."
                        ),
                    sources
                )
            ),
            "test" => new TestEngine(config.TestSwitches),
            var name => throw UserException.Misuse(
                $"there is no engine '{name}'"
                    + $"{Nearest.DidYouMean(name, ["auto", "odm", "colmap", "survey", "command", "test"])}",
                "Choose one of: auto, odm, colmap, survey, command, test."
            ),
        };

    /// <summary>The first that works here.</summary>
    private static async Task<IEngine> AutoAsync(NodeConfig config, Action<string> note, CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
        {
            note("programs run on Linux only; surveys read what the photos say of themselves");
            return new SurveyEngine();
        }
        if (Home(config) is { } home)
        {
            try
            {
                return await OdmEngine.OpenAsync(home, ct);
            }
            catch (UserException fault) when (config.Text("odm-path") is null && config.Text("odm-image") is null)
            {
                note(fault.Message);
            }
        }
        if (await ColmapEngine.FindAsync(ct) is { } colmap)
        {
            note("no ODM here; COLMAP makes sparse reconstructions");
            return colmap;
        }
        note("neither ODM nor COLMAP here; surveys read what the photos say of themselves");
        return new SurveyEngine();
    }

    private static OdmHome? Home(NodeConfig config)
    {
        if (config.Text("odm-image") is { } image)
        {
            return Runtimes.Select(Programs.Find).OfType<string>().FirstOrDefault() is { } runtime
                ? new OdmHome.Image(image, runtime)
                : throw new UserException(
                    "no program here runs container images",
                    $"Install one of: {string.Join(", ", Runtimes)}."
                );
        }
        var folder = Path.GetFullPath(config.Text("odm-path") ?? DefaultOdm);
        return OdmHome.Local.IsIn(folder) ? new OdmHome.Local(folder) : null;
    }
}
