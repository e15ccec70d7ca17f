using Muster.Clouds.Aws;
using Muster.Clouds.DigitalOcean;
using Muster.Clouds.Scaleway;

namespace Muster.Clouds;

/// <summary>Starts a stand-in and says where it listens.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not [var name, var portText] || !int.TryParse(portText, out var port) || Find(name) is not { } make)
        {
            await Console.Error.WriteLineAsync($"usage: muster-clouds {string.Join('|', Makers.Keys)} PORT");
            return 2;
        }
        var world = new World(TimeProvider.System, seed: 1);
        await using var server = await StandIn.StartAsync(world, make(world), port);
        Console.WriteLine(server.Address);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private static readonly Dictionary<string, Func<World, IProvider>> Makers = new()
    {
        ["aws"] = world => new AwsProvider(world),
        ["digitalocean"] = world => new OceanProvider(world),
        ["scaleway"] = world => new ScalewayProvider(world),
    };

    private static Func<World, IProvider>? Find(string name) => Makers.GetValueOrDefault(name);
}
