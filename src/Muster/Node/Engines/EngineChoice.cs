using Muster.Faults;

namespace Muster.Node.Engines;

/// <summary>Which engine a node gets.</summary>
public static class EngineChoice
{
    public static async Task<IEngine> OpenAsync(NodeConfig config, CancellationToken ct)
    {
        switch (config.Has("test") ? "test" : config.Text("engine") ?? "auto")
        {
            case "test":
                return new TestEngine(config.TestSwitches);
            case var name:
                throw new UserException($"there is no engine '{name}'", "Choose one of: auto, odm, colmap, survey, command, test.") { ExitCode = ExitCodes.Usage };
        }
    }
}
