using Muster.Faults;

namespace Muster.Scenes.Formats;

/// <summary>Files that appear whole under their name, or not at all.</summary>
internal static class WholeFile
{
    public static void Write(string path, Action<Stream> write)
    {
        var part = $"{path}.part";
        try
        {
            using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
                write(stream);
            File.Move(part, path, overwrite: true);
        }
        catch (Exception fault)
        {
            File.Delete(part);
            if (fault is IOException or UnauthorizedAccessException)
                throw new UserException(
                    $"{path} cannot be written: {fault.Message}",
                    "Name a folder that may be written to and has room, with --out.",
                    fault
                );
            throw;
        }
    }

    public static void WriteText(string path, Action<TextWriter> write) =>
        Write(
            path,
            stream =>
            {
                using var text = new StreamWriter(stream, bufferSize: 1 << 16) { NewLine = "\n" };
                write(text);
            }
        );
}
