using Muster.Hosts;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>Which pods can be reached, and how each is found again.</summary>
/// <param name="Folder">A private folder, with a file for each pod.</param>
internal sealed record PodAccess(string Folder, Func<KubeCloud> Cloud)
{
    public IHost Of(string name, CloudMachine machine)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(FileOf(name), $"{machine.Place}\n{machine.PublicAddress}\n");
        return Known(name);
    }

    /// <summary>A pod that was reached before.</summary>
    public IHost Known(string name) =>
        File.ReadAllLines(FileOf(name)) is [var place, var pod, ..]
            ? Cloud().HostOf(name, place, pod)
            : throw new InvalidDataException($"{FileOf(name)} was not written whole");

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string name) => File.Delete(FileOf(name));

    private string FileOf(string name) => Path.Combine(Folder, name + ".conf");
}
