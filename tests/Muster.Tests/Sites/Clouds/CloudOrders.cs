namespace Muster.Sites.Clouds;

/// <summary>Orders for tests.</summary>
internal static class CloudOrders
{
    public const string Fleet = "4be1c02a77d9";
    public const string OtherFleet = "00000000beef";

    public static MachineOrder New(string place, string type, string image) =>
        new()
        {
            Id = Guid.CreateVersion7(),
            Attempt = 1,
            Fleet = Fleet,
            Until = DateTimeOffset.FromUnixTimeSeconds(4_000_000_000),
            Place = place,
            Type = type,
            Image = image,
            UserData = "#cloud-config\n{}",
            PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0vJ0GSv1hbyhwW3n5cMlUl1z2GdoT1gaAi5GpWAfEH muster",
            Labels = new Dictionary<string, string> { ["team"] = "survey" },
        };
}
