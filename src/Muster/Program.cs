Console.WriteLine("muster 0.1.0");
return 0;
