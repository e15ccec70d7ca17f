namespace Muster.Transfers;

/// <summary>Counts what has travelled and tells whoever watches.</summary>
internal sealed class TransferMeter(IProgress<TransferProgress>? progress, int allFiles, long allBytes)
{
    public int Files { get; private set; }
    public long Bytes { get; private set; }

    /// <summary>Files whose content was another after reading than when they were listed.</summary>
    public List<RawPath> Changed { get; } = [];

    public void Moved(long bytes)
    {
        Bytes += bytes;
        Report();
    }

    public void Done(OpenContent open)
    {
        if (!open.Stays())
            Changed.Add(open.Item.Path);
        Done();
    }

    public void Done()
    {
        Files++;
        Report();
    }

    private void Report() => progress?.Report(new(Files, allFiles, Bytes, allBytes));
}
