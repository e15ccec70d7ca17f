using Muster.Scenes.Formats;

namespace Muster.Recipes.DroidSlam;

/// <summary>
/// Files as `torch.save` writes them: a network's weights with what DROID-SLAM looks for, and such as lack it.
/// </summary>
internal static class DroidWeights
{
    public static readonly string[] Heads =
    [
        "update.weight.2.weight",
        "update.weight.2.bias",
        "update.delta.2.weight",
        "update.delta.2.bias",
    ];

    /// <param name="seed">Weights of another seed are other weights.</param>
    public static byte[] Of(IEnumerable<string> names, int rows = 2, byte seed = 1)
    {
        var pickle = new PickleBuilder().Op('}');
        foreach (var name in names)
            pickle.Text("module." + name).Tensor("0", "FloatStorage", 280_000, 0, [rows, 4], [4, 1]).Op('s');
        var numbers = new byte[1_120_000];
        numbers[0] = seed;
        return PickleBuilder.Zip(pickle.End(), ("archive/data/0", numbers));
    }
}
