using System.Diagnostics;

namespace Muster.Node.Engines;

/// <summary>Programs of this machine: whether they are there, and what they say.</summary>
internal static class Programs
{
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    public static async Task<(int Code, string Output, string Errors)> RunAsync(
        EngineCommand command,
        string input,
        CancellationToken ct
    )
    {
        var start = new ProcessStartInfo(command.Words[0])
        {
            WorkingDirectory = command.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in command.Words.Skip(1))
            start.ArgumentList.Add(word);
        EngineEnvironment.Limit(start.Environment);
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return (127, "", fault.Message);
        }
        try
        {
            var (output, errors) = (
                process.StandardOutput.ReadToEndAsync(ct),
                process.StandardError.ReadToEndAsync(ct)
            );
            await process.StandardInput.WriteAsync(input.AsMemory(), ct);
            process.StandardInput.Close();
            await process.WaitForExitAsync(ct);
            return (process.ExitCode, await output, await errors);
        }
        catch (IOException fault)
        {
            await process.WaitForExitAsync(ct); // it did not want our input
            return (process.ExitCode, "", fault.Message);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
