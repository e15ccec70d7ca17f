namespace Muster;

/// <summary>The program that tests start: the one built beside them, or the one that <c>MUSTER_PROGRAM</c> names, such
/// as the native one.</summary>
internal static class MusterProgram
{
    public static string Path { get; } =
        Environment.GetEnvironmentVariable("MUSTER_PROGRAM")
        ?? System.IO.Path.Combine(AppContext.BaseDirectory, "muster");
}
