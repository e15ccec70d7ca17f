using Muster.Gateway.Model;

namespace Muster.Gateway.Fleet;

/// <summary>Nodes for tests of decisions.</summary>
internal static class Nodes
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static GatewayNode Of(
        string id,
        int slots = 1,
        int? maxImages = null,
        long? memory = null,
        int foreign = 0
    ) =>
        new()
        {
            Id = id,
            Url = new($"http://{id}:3000"),
            Facts = new()
            {
                Slots = slots,
                MaxImages = maxImages,
                TotalMemory = memory,
                Foreign = foreign,
            },
            Health = NodeHealth.Well(TimeSpan.FromMilliseconds(3), Now),
        };
}
