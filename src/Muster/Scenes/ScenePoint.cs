using Muster.Scenes.Geometry;

namespace Muster.Scenes;

/// <summary>A coloured point of a cloud.</summary>
public readonly record struct ScenePoint(Vec3 Position, byte Red, byte Green, byte Blue);
